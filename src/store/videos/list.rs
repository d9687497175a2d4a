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
//! are everywhere alike. So its statements name a range of the index, `(owner, id) >= …`, and the order of all its columns:
//! no other index has that order. SQLite takes the index with the most columns by itself.
//!
//! The last line is a *window*. One statement finds its end along the index; the next one reads the matches within.
//! A page of a window may be short or empty, and the next page begins at the window's end.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::QueryBuilder;
use uuid::Uuid;

use crate::domain::{ShownStatus, Video, first_id_at};
use crate::store::database::on_pool;
use crate::store::error::StoreError;
use crate::store::folding::fold_text;
use crate::store::handle::Store;
use crate::store::rows::{Table, VideoRow, VideoTable, to_videos};
use crate::store::statements::Dialect;

/// The number of rows that a filter without an index is applied to.
const WINDOW: i64 = 10_000;

/// The greatest count of one status; what is beyond is not read.
const MOST_COUNTED: i64 = 10_000;

/// The order of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListOrder {
    /// The newest video first.
    #[default]
    Newest,
    /// The oldest video first.
    Oldest,
}

/// The videos that a list shows. Deleted ones are never shown.
#[derive(Clone, Debug, Default)]
pub struct VideoFilter {
    /// Only videos of this owner, and those that are named.
    pub owner: Option<String>,
    /// Videos with these ids, beside the owner's where one is given, else these alone.
    pub named: Option<Vec<Uuid>>,
    /// Only videos with one of these shown statuses; empty for all.
    pub statuses: Vec<ShownStatus>,
    /// Only videos with this external id.
    pub external_id: Option<String>,
    /// Only videos of this provider.
    pub provider: Option<String>,
    /// Only videos whose title contains this, without regard to case, or one of whose ids equals it: ours, the external id,
    /// or the upload's, the asset's or the playback id at the provider.
    pub text: Option<String>,
    /// Only videos made at this time or later, to the millisecond.
    pub created_from: Option<DateTime<Utc>>,
    /// Only videos made before this time, to the millisecond.
    pub created_before: Option<DateTime<Utc>>,
    /// The order.
    pub order: ListOrder,
    /// Only videos behind this one: [`VideoPage::next`] of the page before.
    pub after: Option<Uuid>,
    /// The greatest number of videos.
    pub limit: u16,
}

/// One page of a list.
#[derive(Debug)]
pub struct VideoPage {
    /// The videos, in order.
    pub videos: Vec<Video>,
    /// The last video that was looked at; `None` where the list ends with this page.
    pub next: Option<Uuid>,
}

/// A run of rows along one index.
#[derive(Clone, Debug, Default)]
struct Stream<'a> {
    owner: Option<&'a str>,
    provider: Option<&'a str>,
    status: Option<ShownStatus>,
    external_id: Option<&'a str>,
    /// The end of a window: its last row.
    until: Option<Uuid>,
}

impl<'a> Stream<'a> {
    /// Returns the columns of the index before the id, in its order, with their values.
    fn keys(&self) -> Vec<(&'static str, &'a str)> {
        let keys = [
            ("external_id", self.external_id),
            ("owner", self.owner),
            ("provider", self.provider),
            ("status", self.status.map(ShownStatus::as_str)),
        ];
        keys.into_iter()
            .filter_map(|(column, value)| Some((column, value?)))
            .collect()
    }

    /// Returns the columns that the order must name before the id.
    fn order_keys(&self, dialect: &Dialect) -> Vec<&'static str> {
        let keys = if dialect.index_ranges {
            self.keys()
        } else {
            Vec::new()
        };
        keys.into_iter().map(|(column, _)| column).collect()
    }
}

/// How a page is read.
enum Plan<'a> {
    /// Each stream along its index, merged; every row counts.
    Merge(Vec<Stream<'a>>),
    /// The rows of a window of the stream that pass all of the filter.
    Window(Stream<'a>),
    /// The rows with this external id, which are few, that pass all of the filter.
    Few(&'a str),
}

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
                &[],
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

    /// Counts videos by shown status, each status no further than [`MOST_COUNTED`]; deleted ones are not counted.
    ///
    /// # Errors
    /// The database fails.
    pub async fn count_videos(
        &self,
        owner: Option<&str>,
        provider: Option<&str>,
    ) -> Result<BTreeMap<&'static str, i64>, StoreError> {
        let providers = match provider {
            Some(one) => vec![one.to_owned()],
            None => self.providers_of(owner).await?,
        };
        let mut counts: BTreeMap<&'static str, i64> =
            living_statuses().map(|status| (status.as_str(), 0)).collect();
        let (all, dialect) = (VideoFilter::default(), self.dialect());
        for provider in &providers {
            let found: Vec<(String, i64)> = on_pool!(&self.readers, |pool| {
                let mut query = QueryBuilder::new("");
                for (index, status) in living_statuses().enumerate() {
                    let union = if index > 0 { " union all " } else { "" };
                    query.push(format_args!("{union}select '{status}', count(*) from ("));
                    let stream = Stream {
                        owner,
                        provider: Some(provider),
                        status: Some(status),
                        ..Stream::default()
                    };
                    push_stream(&mut query, "id", &all, &stream, dialect);
                    push_order(&mut query, &all, &stream.order_keys(dialect), MOST_COUNTED);
                    query.push(") as few");
                }
                query.build_query_as().fetch_all(pool).await
            })?;
            for (status, count) in found {
                if let Some(sum) = counts.get_mut(status.as_str()) {
                    *sum = (*sum + count).min(MOST_COUNTED);
                }
            }
        }
        Ok(counts)
    }

    /// Returns the providers that have videos which are not deleted, of one owner where one is given: a step through an
    /// index for each.
    async fn providers_of(&self, owner: Option<&str>) -> Result<Vec<String>, StoreError> {
        let Some(owner) = owner else {
            return self.providers_in_use().await;
        };
        Ok(on_pool!(&self.readers, |pool| {
            sqlx::query_scalar(
                // Why ranges and the whole order: see the module.
                "with recursive names (provider) as ( \
                 select (select provider from videos where owner >= $1 and owner <= $1 and status <> 'deleted' \
                 order by owner, provider limit 1) \
                 union all select ( \
                 select provider from videos where (owner, provider) > ($1, names.provider) and owner <= $1 \
                 and status <> 'deleted' order by owner, provider limit 1) \
                 from names where provider is not null) \
                 select provider from names where provider is not null",
            )
            .bind(owner)
            .fetch_all(pool)
            .await
        })?)
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
            push_range(&mut query, filter.id_range(None), &[]);
            push_filter(&mut query, filter, &few, dialect);
            push_order(&mut query, filter, &[], filter.rows_to_read());
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
            push_order(&mut query, filter, &stream.order_keys(dialect), 1);
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
            push_order(
                &mut query,
                filter,
                &stream.order_keys(dialect),
                filter.rows_to_read(),
            );
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
                push_order(&mut query, filter, &stream.order_keys(dialect), limit);
                query.push(") as first");
            }
            query.push(")");
            push_order(&mut query, filter, &[], limit);
            query.build_query_as::<VideoRow>().fetch_all(pool).await
        })?)
    }
}

impl VideoFilter {
    /// One row more than the page has: it tells whether there is a next one.
    fn rows_to_read(&self) -> i64 {
        i64::from(self.limit) + 1
    }

    /// Returns the first and the last id that the page may have. `until` is the end of a window.
    fn id_range(&self, until: Option<Uuid>) -> (Uuid, Uuid) {
        let mut low = self.created_from.map_or(0, |time| first_id_at(time).as_u128());
        let mut high = match self.created_before {
            Some(time) => first_id_at(time).as_u128().saturating_sub(1),
            None => u128::MAX,
        };
        let until = until.map(|id| id.as_u128());
        let after = self.after.map(|id| id.as_u128());
        match self.order {
            ListOrder::Newest => {
                high = after.map_or(high, |id| high.min(id.saturating_sub(1)));
                low = until.map_or(low, |id| low.max(id));
            }
            ListOrder::Oldest => {
                low = after.map_or(low, |id| low.max(id.saturating_add(1)));
                high = until.map_or(high, |id| high.min(id));
            }
        }
        (Uuid::from_u128(low), Uuid::from_u128(high))
    }

    /// The filter has a part that no index has beside the others.
    fn needs_window(&self) -> bool {
        self.text.is_some()
            || (self.external_id.is_some() && (self.provider.is_some() || !self.statuses.is_empty()))
    }

    /// The filter has more than an owner and a provider: such videos are not counted.
    pub fn has_more_than_owner_and_provider(&self) -> bool {
        self.text.is_some()
            || self.external_id.is_some()
            || !self.statuses.is_empty()
            || self.created_from.is_some()
            || self.created_before.is_some()
    }

    /// The plan depends on which providers there are.
    fn needs_providers(&self) -> bool {
        !self.needs_window() && !self.statuses.is_empty() && self.provider.is_none()
    }

    /// Chooses how the page is read. `providers` are those that the list's videos are at, where they are needed.
    fn plan<'a>(&'a self, providers: &'a [String]) -> Plan<'a> {
        let all = Stream {
            owner: self.owner.as_deref(),
            ..Stream::default()
        };
        if let Some(external_id) = self.external_id.as_deref() {
            let stream = Stream {
                external_id: Some(external_id),
                ..all
            };
            return match (self.owner.is_some(), self.needs_window()) {
                (false, _) => Plan::Few(external_id),
                (true, true) => Plan::Window(stream),
                (true, false) => Plan::Merge(vec![stream]),
            };
        }
        if self.text.is_some() {
            return Plan::Window(match (self.provider.as_deref(), self.statuses.as_slice()) {
                (provider @ Some(_), &[status]) => Stream {
                    provider,
                    status: Some(status),
                    ..all
                },
                (provider, _) if self.owner.is_none() => Stream { provider, ..all },
                _ => all,
            });
        }
        let provider = self.provider.as_deref();
        if self.statuses.is_empty() && (provider.is_none() || self.owner.is_none()) {
            return Plan::Merge(vec![Stream { provider, ..all }]);
        }
        let statuses: Vec<ShownStatus> = if self.statuses.is_empty() {
            living_statuses().collect()
        } else {
            self.statuses.clone()
        };
        let providers: Vec<&str> = match provider {
            Some(one) => vec![one],
            None => providers.iter().map(String::as_str).collect(),
        };
        let streams = providers.iter().flat_map(|provider| {
            statuses.iter().map(|status| Stream {
                provider: Some(provider),
                status: Some(*status),
                ..all.clone()
            })
        });
        Plan::Merge(streams.collect())
    }
}

/// Returns the statuses of the videos that lists show.
fn living_statuses() -> impl Iterator<Item = ShownStatus> {
    ShownStatus::ALL
        .into_iter()
        .filter(|status| *status != ShownStatus::Deleted)
}

/// Pushes `select … from videos where …`: the rows of the stream within the times and behind the cursor of the filter.
fn push_stream<DB>(
    query: &mut QueryBuilder<DB>,
    what: &str,
    filter: &VideoFilter,
    stream: &Stream<'_>,
    dialect: &Dialect,
) where
    DB: sqlx::Database,
    for<'q> Uuid: sqlx::Encode<'q, DB> + sqlx::Type<DB>,
    for<'q> String: sqlx::Encode<'q, DB> + sqlx::Type<DB>,
{
    query
        .push("select ")
        .push(what)
        .push(" from videos where status <> 'deleted'");
    if stream.external_id.is_some() {
        // What the index is for: PostgreSQL does not conclude it from a range.
        query.push(" and external_id is not null");
    }
    let keys = stream.keys();
    let range = filter.id_range(stream.until);
    if dialect.index_ranges {
        push_range(query, range, &keys);
    } else {
        for (column, value) in keys {
            push_equal(query, column, Some(value));
        }
        push_range(query, range, &[]);
    }
}

/// Pushes ` and …` for the ids of the range, of the rows that have the values of the keys.
fn push_range<DB>(query: &mut QueryBuilder<DB>, (low, high): (Uuid, Uuid), keys: &[(&'static str, &str)])
where
    DB: sqlx::Database,
    for<'q> Uuid: sqlx::Encode<'q, DB> + sqlx::Type<DB>,
    for<'q> String: sqlx::Encode<'q, DB> + sqlx::Type<DB>,
{
    for (operator, id) in [(">=", low), ("<=", high)] {
        query.push(" and (");
        for (column, _) in keys {
            query.push(column).push(", ");
        }
        query.push(format_args!("id) {operator} ("));
        for (_, value) in keys {
            query.push_bind((*value).to_owned()).push(", ");
        }
        query.push_bind(id).push(")");
    }
}

/// Pushes ` and …` for the parts of the filter that the stream does not have.
fn push_filter<DB>(query: &mut QueryBuilder<DB>, filter: &VideoFilter, stream: &Stream<'_>, dialect: &Dialect)
where
    DB: sqlx::Database,
    for<'q> &'q str: sqlx::Encode<'q, DB> + sqlx::Type<DB>,
    for<'q> Uuid: sqlx::Encode<'q, DB> + sqlx::Type<DB>,
    for<'q> String: sqlx::Encode<'q, DB> + sqlx::Type<DB>,
{
    if stream.external_id.is_none() {
        push_equal(query, "external_id", filter.external_id.as_deref());
    }
    if stream.provider.is_none() {
        push_equal(query, "provider", filter.provider.as_deref());
    }
    if stream.status.is_none() && !filter.statuses.is_empty() {
        query.push(" and status in (");
        let mut list = query.separated(", ");
        for status in &filter.statuses {
            list.push_bind(status.as_str());
        }
        query.push(")");
    }
    if let Some(text) = &filter.text {
        query
            .push(format_args!(
                " and ((title_folded_of = title and {}(title_folded, ",
                dialect.position
            ))
            .push_bind(fold_text(text))
            .push(") > 0)");
        if let Ok(id) = text.parse::<Uuid>() {
            query.push(" or id = ").push_bind(id);
        }
        for column in ["upload_id", "asset_id", "external_id", dialect.playback_id] {
            query.push(format_args!(" or {column} = ")).push_bind(text);
        }
        query.push(")");
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

fn push_equal<DB>(query: &mut QueryBuilder<DB>, column: &'static str, value: Option<&str>)
where
    DB: sqlx::Database,
    for<'q> String: sqlx::Encode<'q, DB> + sqlx::Type<DB>,
{
    if let Some(value) = value {
        query
            .push(format_args!(" and {column} = "))
            .push_bind(value.to_owned());
    }
}

/// Pushes the order of the filter, by the keys of an index first. They have one value each, so it is that of ids.
fn push_order<DB: sqlx::Database>(
    query: &mut QueryBuilder<DB>,
    filter: &VideoFilter,
    keys: &[&'static str],
    limit: i64,
) {
    let order = match filter.order {
        ListOrder::Newest => "desc",
        ListOrder::Oldest => "asc",
    };
    query.push(" order by ");
    for key in keys {
        query.push(format_args!("{key} {order}, "));
    }
    // Why no parameter: the databases plan a small page otherwise than one of unknown size.
    query.push(format_args!("id {order} limit {limit}"));
}
