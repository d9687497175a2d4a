//! Lists of videos in pages, and counts of them: bounded, however many videos there are.
//!
//! A page reads along one index, in the order of ids, whose time is the one of `created_at`:
//!
//! | filter | index | what is read |
//! |---|---|---|
//! | none; an owner; a provider | primary key; `videos_owner`; `videos_living` | the page |
//! | a provider of an owner, statuses | `videos_owner_status`, `videos_provider_status` | a page for each provider and status, merged |
//! | an external id | `videos_by_external` | all that have it; beside an owner the page |
//! | a text; an external id beside statuses or a provider | one of those above | at most [`WINDOW`] rows, of which those that match |
//!
//! PostgreSQL takes the primary key instead, and throws rows away, where it believes that an owner's or a provider's rows
//! are everywhere alike. So its statements give the first column as `owner = any(array[…])`, and order by it before the id:
//! of a column that `=` fixes the order would be dropped, and then the primary key has it too. To SQLite the index is
//! named.
//!
//! Hidden rows are left out where rows are read. A window may hold some: its end is found by ids alone.
//!
//! The last line of the table is a *window*. One statement finds its end along the index; the next one reads the matches within.
//! A page of a window may be short or empty, and the next page begins at the window's end.

mod counts;
mod filter;
mod statements;

use sqlx::QueryBuilder;
use uuid::Uuid;

pub use self::filter::{ListOrder, VideoFilter, VideoPage};
use self::filter::{Plan, Stream};
use self::statements::{push_filter, push_order, push_range, push_stream, push_visible};
use crate::domain::Video;
use crate::store::database::on_pool;
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::rows::{Table, VideoRow, VideoTable, to_videos};

/// The number of rows that a filter without an index is applied to.
const WINDOW: i64 = 10_000;

impl Store {
    /// Returns one page of videos.
    ///
    /// # Errors
    /// The database fails.
    pub async fn list_videos(&self, filter: &VideoFilter) -> Result<VideoPage, StoreError> {
        let Some(named) = &filter.named else {
            return self.list_unnamed(filter).await;
        };
        // Why as a whole: a token names few videos.
        let named = to_videos(self.read_named(filter, named).await?)?;
        let own = match &filter.owner {
            Some(_) => self.list_unnamed(filter).await?,
            None => VideoPage {
                videos: Vec::new(),
                next: None,
            },
        };
        Ok(merge_named(filter, own, named))
    }

    /// Returns the videos with these ids that pass all of the filter but for its owner, whose own they are not.
    async fn read_named(&self, filter: &VideoFilter, ids: &[Uuid]) -> Result<Vec<VideoRow>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let dialect = self.dialect();
        Ok(on_pool!(&self.readers, |pool| {
            let mut query = QueryBuilder::new("");
            let all = Stream::default();
            push_stream(&mut query, VideoTable::COLUMNS, filter, &all, dialect);
            query.push(" and id in (");
            let mut list = query.separated(", ");
            for id in ids {
                list.push_bind(*id);
            }
            query.push(")");
            if let Some(owner) = &filter.owner {
                query.push(" and owner <> ").push_bind(owner);
            }
            push_filter(&mut query, filter, &all, dialect);
            push_order(
                &mut query,
                filter,
                None,
                i64::try_from(ids.len()).unwrap_or(i64::MAX),
            );
            query.build_query_as::<VideoRow>().fetch_all(pool).await
        })?)
    }

    /// Returns one page of the videos that are not named.
    async fn list_unnamed(&self, filter: &VideoFilter) -> Result<VideoPage, StoreError> {
        let providers = if filter.needs_providers() {
            self.providers_of(filter.owner.as_deref()).await?
        } else {
            Vec::new()
        };
        let mut plan = filter.plan(&providers);
        // Why: this index is in the order of ids for one owner alone.
        if let Plan::Few(external_id) = plan
            && !self.has_few(external_id).await?
        {
            plan = Plan::Window(Stream::default());
        }
        let (rows, end) = match plan {
            Plan::Merge(streams) => (self.merge(filter, &streams).await?, None),
            Plan::Few(external_id) => (self.read_few(filter, external_id).await?, None),
            Plan::Window(mut stream) => {
                stream.until = self.window_end(filter, &stream).await?;
                (self.read_matches(filter, &stream).await?, stream.until)
            }
        };
        let mut videos = to_videos(rows)?;
        let limit = usize::from(filter.limit);
        let next = if videos.len() > limit {
            videos.truncate(limit);
            videos.last().map(|last| last.id)
        } else {
            end
        };
        Ok(VideoPage { videos, next })
    }

    /// Returns whether no more rows than a window have this external id.
    async fn has_few(&self, external_id: &str) -> Result<bool, StoreError> {
        let beyond: Option<i64> = on_pool!(&self.readers, |pool| {
            let mut query = QueryBuilder::new("select cast(1 as bigint) from videos where external_id >= ");
            query
                .push_bind(external_id)
                .push(" and external_id <= ")
                .push_bind(external_id);
            query.push(format_args!(" order by external_id limit 1 offset {WINDOW}"));
            query.build_query_scalar().fetch_optional(pool).await
        })?;
        Ok(beyond.is_none())
    }

    /// Returns the rows with this external id, which are few, that pass all of the filter, one more than the page has.
    async fn read_few(&self, filter: &VideoFilter, external_id: &str) -> Result<Vec<VideoRow>, StoreError> {
        let dialect = self.dialect();
        let columns = VideoTable::COLUMNS;
        let few = Stream {
            external_id: Some(external_id),
            ..Stream::default()
        };
        Ok(on_pool!(&self.readers, |pool| {
            // Why an inner limit: what is outside cannot lead to another index.
            let mut query = QueryBuilder::new(format!(
                "select {columns} from (select {columns}, title_folded, title_folded_of from videos where external_id >= "
            ));
            query
                .push_bind(external_id)
                .push(" and external_id <= ")
                .push_bind(external_id);
            query.push(format_args!(
                " order by external_id limit {WINDOW}) as videos where status <> 'deleted'"
            ));
            push_range(&mut query, filter.id_range(None));
            push_filter(&mut query, filter, &few, dialect);
            push_order(&mut query, filter, None, filter.rows_to_read());
            query.build_query_as::<VideoRow>().fetch_all(pool).await
        })?)
    }

    /// Returns the last row of the window that begins where the page does; `None` where the stream ends before.
    async fn window_end(
        &self,
        filter: &VideoFilter,
        stream: &Stream<'_>,
    ) -> Result<Option<Uuid>, StoreError> {
        let dialect = self.dialect();
        Ok(on_pool!(&self.readers, |pool| {
            let mut query = QueryBuilder::new("");
            push_stream(&mut query, "id", filter, stream, dialect);
            push_order(&mut query, filter, stream.leading(dialect), 1);
            query.push(format_args!(" offset {}", WINDOW - 1));
            query.build_query_scalar().fetch_optional(pool).await
        })?)
    }

    /// Returns the rows of a stream that pass all of the filter, one more than the page has.
    async fn read_matches(
        &self,
        filter: &VideoFilter,
        stream: &Stream<'_>,
    ) -> Result<Vec<VideoRow>, StoreError> {
        let dialect = self.dialect();
        Ok(on_pool!(&self.readers, |pool| {
            let mut query = QueryBuilder::new("");
            push_stream(&mut query, VideoTable::COLUMNS, filter, stream, dialect);
            push_filter(&mut query, filter, stream, dialect);
            push_order(&mut query, filter, stream.leading(dialect), filter.rows_to_read());
            query.build_query_as::<VideoRow>().fetch_all(pool).await
        })?)
    }

    /// Returns the first rows of all streams in order, one more than the page has.
    async fn merge(&self, filter: &VideoFilter, streams: &[Stream<'_>]) -> Result<Vec<VideoRow>, StoreError> {
        if let [one] = streams {
            return self.read_matches(filter, one).await;
        }
        if streams.is_empty() {
            return Ok(Vec::new());
        }
        let (limit, dialect) = (filter.rows_to_read(), self.dialect());
        Ok(on_pool!(&self.readers, |pool| {
            let mut query = QueryBuilder::new("");
            // Why a limit in each: no stream is read further than the page can need.
            query
                .push("select ")
                .push(VideoTable::COLUMNS)
                .push(" from videos where id in (");
            for (index, stream) in streams.iter().enumerate() {
                let union = if index > 0 { " union all " } else { "" };
                query.push(union).push("select id from (");
                push_stream(&mut query, "id", filter, stream, dialect);
                push_visible(&mut query);
                push_order(&mut query, filter, stream.leading(dialect), limit);
                query.push(") as first");
            }
            query.push(")");
            push_order(&mut query, filter, None, limit);
            query.build_query_as::<VideoRow>().fetch_all(pool).await
        })?)
    }
}

/// Merges the named videos into a page of others, in the order of the filter. Both are behind its cursor; of the named ones
/// those count that the page reaches.
fn merge_named(filter: &VideoFilter, page: VideoPage, named: Vec<Video>) -> VideoPage {
    let is_before = |one: Uuid, other: Uuid| match filter.order {
        ListOrder::Newest => one > other,
        ListOrder::Oldest => one < other,
    };
    // Why the page's end: named ones beyond it come with the next page.
    let reaches = |id: Uuid| page.next.is_none_or(|end| id == end || is_before(id, end));
    let mut videos = page.videos;
    videos.extend(named.into_iter().filter(|video| reaches(video.id)));
    videos.sort_by(|one, other| match filter.order {
        ListOrder::Newest => other.id.cmp(&one.id),
        ListOrder::Oldest => one.id.cmp(&other.id),
    });
    let limit = usize::from(filter.limit);
    let next = if videos.len() > limit {
        videos.truncate(limit);
        videos.last().map(|last| last.id)
    } else {
        page.next
    };
    VideoPage { videos, next }
}
