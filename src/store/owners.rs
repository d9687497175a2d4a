//! What owners have: their videos, page by page, and how much it is.

use chrono::{DateTime, Utc};
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::database::on_pool;
use super::error::StoreError;
use super::handle::Store;
use super::rows::{Table, VideoRow, VideoTable, to_videos};
use super::videos::push_usage_sums;
use crate::domain::{Usage, Video};

/// Owner, provider, number of videos, seconds, bytes.
type UsageRow = (String, String, i64, f64, i64);

impl Store {
    /// Returns up to `limit` videos of an owner that are not deleted, newest first; those older than `before` where it is
    /// given.
    ///
    /// # Errors
    /// The database fails.
    pub async fn page_of_owner(
        &self,
        owner: &str,
        before: Option<Uuid>,
        limit: i64,
    ) -> Result<Vec<Video>, StoreError> {
        let rows = on_pool!(&self.readers, |pool| {
            let mut query = QueryBuilder::new("select ");
            query
                .push(VideoTable::COLUMNS)
                .push(" from videos where owner = ")
                .push_bind(owner)
                .push(" and status <> 'deleted' and replaces is null");
            if let Some(before) = before {
                query.push(" and id < ").push_bind(before);
            }
            query.push(" order by id desc limit ").push_bind(limit);
            query.build_query_as::<VideoRow>().fetch_all(pool).await
        })?;
        to_videos(rows)
    }

    /// Returns the [`Usage`] of the next `limit` owners behind `after`, in the order of owners and providers, and the last
    /// of these owners; `None` where there is none behind it. With `since`, videos that were made earlier do not count.
    // Why by owners: a page follows the index of owners, and reads the videos of its owners alone.
    ///
    /// # Errors
    /// The database fails.
    pub async fn usage_behind(
        &self,
        after: &str,
        since: Option<DateTime<Utc>>,
        limit: i64,
    ) -> Result<Option<(Vec<Usage>, String)>, StoreError> {
        let owners: Vec<String> = on_pool!(&self.readers, |pool| {
            sqlx::query_scalar(
                "select owner from videos where status <> 'deleted' and owner > $1 \
                 group by owner order by owner limit $2",
            )
            .bind(after)
            .bind(limit)
            .fetch_all(pool)
            .await
        })?;
        let Some(last) = owners.into_iter().next_back() else {
            return Ok(None);
        };
        let dialect = self.dialect();
        let rows: Vec<UsageRow> = on_pool!(&self.readers, |pool| {
            let mut query = QueryBuilder::new("select owner, provider, ");
            push_usage_sums(&mut query, dialect);
            query
                .push(" from videos where status <> 'deleted' and replaces is null and owner > ")
                .push_bind(after)
                .push(" and owner <= ")
                .push_bind(&last);
            if let Some(since) = since {
                query.push(" and created_at >= ").push_bind(since);
            }
            query.push(" group by owner, provider order by owner, provider");
            query.build_query_as().fetch_all(pool).await
        })?;
        let to_usage = |(owner, provider, videos, seconds, bytes): UsageRow| Usage {
            owner,
            provider,
            videos,
            minutes: (seconds / 60.0 * 1000.0).round() / 1000.0,
            bytes,
        };
        Ok(Some((rows.into_iter().map(to_usage).collect(), last)))
    }
}
