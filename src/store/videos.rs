//! Videos: written once, read by id, by owner, in pages.

use std::sync::Arc;

use sqlx::QueryBuilder;
use sqlx::types::Json;
use uuid::Uuid;

use super::record::{VIDEO_COLUMNS, VideoRecord, videos};
use super::tx::{Tx, on_tx};
use super::{Pool, Store, StoreError, arrays, ids, on_pool};
use crate::domain::{ShownStatus, Video};

/// Which videos a list shows. Deleted ones never.
#[derive(Clone, Debug, Default)]
pub struct VideoFilter {
    /// Of this owner alone.
    pub owner: Option<String>,
    /// Of this shown status alone.
    pub status: Option<ShownStatus>,
    /// With this external id alone.
    pub external_id: Option<String>,
    /// Of this provider alone.
    pub provider: Option<String>,
    /// Older than this one: the last of the page before.
    pub before: Option<Uuid>,
    /// At most so many.
    pub limit: i64,
}

const INSERT: &str = "insert into videos (id, owner, provider, title, external_id, metadata, thumbnail_time, \
     playback_policy, quality, status, upload_id, asset_id, reported, gone, delete_requested, \
     cancel_confirmed, ready_at, ready_by_our_clock, facts, captures, steps, unsent, upload_expires_at, check_at, \
     checks, missing_since, lost, lease_until_s, version, revision, created_at, updated_at) \
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, \
     $20, $21, $22, $23, $24, $25, $26, $27, 0, $28, $29, $30, $31)";

/// Runs the insert of one video, in a pool or in a transaction.
macro_rules! insert {
    ($video:expr, $on:expr) => {
        sqlx::query(INSERT)
            .bind($video.id)
            .bind(&$video.owner)
            .bind(&$video.provider)
            .bind(&$video.title)
            .bind(&$video.external_id)
            .bind(Json(&$video.metadata))
            .bind($video.thumbnail_time)
            .bind($video.playback_policy)
            .bind(&$video.quality)
            .bind($video.status)
            .bind(&$video.known.upload_id)
            .bind(&$video.known.asset_id)
            .bind($video.known.reported.as_str())
            .bind($video.known.gone)
            .bind($video.known.delete_requested)
            .bind($video.known.cancel_confirmed)
            .bind($video.known.ready_at())
            .bind($video.known.ready.is_some_and(|ready| ready.by_our_clock))
            .bind(Json(&$video.known.facts))
            .bind(Json(&$video.captures))
            .bind($video.steps)
            .bind(Json(&$video.unsent))
            .bind($video.upload_expires_at)
            .bind($video.check_at)
            .bind($video.checks)
            .bind($video.missing_since)
            .bind($video.known.lost)
            .bind($video.version)
            .bind($video.revision)
            .bind($video.created_at)
            .bind($video.updated_at)
            .execute($on)
            .await
            .map(drop)
            .map_err(identity)
    };
}

impl Store {
    /// Writes a new video.
    ///
    /// # Errors
    /// The database fails, or the provider's id belongs to another video.
    pub async fn insert_video(&self, video: &Video) -> Result<(), StoreError> {
        let known = ids::gained(None, video).next().is_some();
        if let Some(together) = self.together.as_ref().filter(|_| !known)
            && together.inserts.ask(Arc::new(video.clone())).await.is_ok()
        {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        tx.insert_video(video).await?;
        tx.commit().await
    }

    /// The video with this id.
    ///
    /// # Errors
    /// The database fails.
    pub async fn video(&self, id: Uuid) -> Result<Option<Video>, StoreError> {
        if let Some(together) = &self.together
            && let Ok(found) = together.reads.ask(id).await
        {
            return Ok(found);
        }
        let mut found = self.videos_by_id(&[id]).await?;
        Ok(found.pop())
    }

    /// The videos with these ids, in no order; those that do not exist are left out.
    ///
    /// # Errors
    /// The database fails.
    pub async fn videos_by_id(&self, ids: &[Uuid]) -> Result<Vec<Video>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let rows = match &self.readers {
            // One prepared statement for every size; SQLite has no arrays.
            Pool::Postgres(pool) => arrays::videos_by_id(pool, ids).await?,
            Pool::Sqlite(pool) => {
                let mut query = QueryBuilder::new("select ");
                query.push(VIDEO_COLUMNS).push(" from videos where id in (");
                let mut list = query.separated(", ");
                for id in ids {
                    list.push_bind(*id);
                }
                query.push(")");
                query.build_query_as::<VideoRecord>().fetch_all(pool).await?
            }
        };
        videos(rows)
    }

    /// One page, newest first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn list_videos(&self, filter: &VideoFilter) -> Result<Vec<Video>, StoreError> {
        let rows = on_pool!(&self.readers, |pool| {
            let mut query = QueryBuilder::new("select ");
            query
                .push(VIDEO_COLUMNS)
                .push(" from videos where status <> 'deleted'");
            let texts = [
                (" and owner = ", &filter.owner),
                (" and external_id = ", &filter.external_id),
                (" and provider = ", &filter.provider),
            ];
            for (sql, value) in texts {
                if let Some(value) = value {
                    query.push(sql).push_bind(value);
                }
            }
            if let Some(status) = filter.status {
                query.push(" and status = ").push_bind(status);
            }
            if let Some(before) = filter.before {
                query.push(" and id < ").push_bind(before);
            }
            query.push(" order by id desc limit ").push_bind(filter.limit);
            query.build_query_as::<VideoRecord>().fetch_all(pool).await
        })?;
        videos(rows)
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// It does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        on_pool!(&self.readers, |pool| sqlx::query("select 1")
            .execute(pool)
            .await
            .map(drop))?;
        Ok(())
    }

    /// Providers that have videos which are not deleted. One step through an index for each, however many videos.
    ///
    /// # Errors
    /// The database fails.
    pub async fn providers_in_use(&self) -> Result<Vec<String>, StoreError> {
        Ok(on_pool!(&self.readers, |pool| {
            sqlx::query_scalar(
                "with recursive names (provider) as ( \
                 select min(provider) from videos where status <> 'deleted' \
                 union all select ( \
                 select min(provider) from videos where status <> 'deleted' and provider > names.provider) \
                 from names where provider is not null) \
                 select provider from names where provider is not null",
            )
            .fetch_all(pool)
            .await
        })?)
    }

    /// Everybody who has or had a video.
    ///
    /// # Errors
    /// The database fails.
    pub async fn owners(&self) -> Result<Vec<String>, StoreError> {
        Ok(on_pool!(&self.readers, |pool| {
            sqlx::query_scalar("select distinct owner from videos")
                .fetch_all(pool)
                .await
        })?)
    }

    /// How many videos a provider has that are not deleted.
    ///
    /// # Errors
    /// The database fails.
    pub async fn count_living(&self, provider: &str) -> Result<i64, StoreError> {
        Ok(on_pool!(&self.readers, |pool| {
            sqlx::query_scalar("select count(*) from videos where provider = $1 and status <> 'deleted'")
                .bind(provider)
                .fetch_one(pool)
                .await
        })?)
    }
}

impl Tx {
    /// As [`Store::insert_video`].
    pub(super) async fn insert_video(&mut self, video: &Video) -> Result<(), StoreError> {
        on_tx!(&mut *self, |tx| insert!(video, tx))?;
        self.insert_ids(&ids::gained(None, video).collect::<Vec<_>>())
            .await
    }
}

/// A unique key was violated: only the provider's ids have any besides ours.
pub(super) fn identity(error: sqlx::Error) -> StoreError {
    match &error {
        sqlx::Error::Database(inner) if inner.is_unique_violation() => StoreError::IdentityTaken,
        _ => StoreError::Database(error),
    }
}
