//! Reading videos by id, and which providers and owners have any.

use sqlx::AssertSqlSafe;
use uuid::Uuid;

use crate::domain::{AssetKey, Video};
use crate::store::database::on_pool;
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::rows::{Table, VideoRow, VideoTable, to_videos};
use crate::store::statements::Backend;

impl Store {
    /// Returns the video with this id. On PostgreSQL the read joins the next batch; it runs alone where the batch gave
    /// no response.
    ///
    /// # Errors
    /// The database fails.
    pub async fn find_video(&self, id: Uuid) -> Result<Option<Video>, StoreError> {
        if let Some(batcher) = &self.batcher
            && let Ok(found) = batcher.reads.submit(id).await
        {
            return Ok(found);
        }
        let mut found = self.find_videos(&[id]).await?;
        Ok(found.pop())
    }

    /// Returns the video that has this asset.
    ///
    /// # Errors
    /// The database fails.
    pub async fn find_asset(&self, asset: &AssetKey) -> Result<Option<Video>, StoreError> {
        // Why: fast path. Nearly every asset belongs to the row whose id travelled, and that read joins a batch.
        if let Some(video) = self.find_video(asset.reference).await?
            && video.has_asset(asset)
        {
            return Ok(Some(video));
        }
        // Why one statement for both: between two of them the asset could move from one row to the other.
        let sql = format!(
            "select {} from videos where provider = $1 and (reference = $2 or (id = $2 and reference is null))",
            VideoTable::COLUMNS
        );
        let rows: Vec<VideoRow> = on_pool!(&self.readers, |pool| {
            sqlx::query_as(AssertSqlSafe(sql))
                .bind(&asset.provider)
                .bind(asset.reference)
                .fetch_all(pool)
                .await
        })?;
        Ok(to_videos(rows)?.pop())
    }

    /// Returns the videos with these ids, in no order; unknown ids are left out.
    ///
    /// # Errors
    /// The database fails.
    pub async fn find_videos(&self, ids: &[Uuid]) -> Result<Vec<Video>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let rows = on_pool!(&self.readers, |pool| pool.find_videos(ids).await)?;
        to_videos(rows)
    }

    /// Runs a statement without effect.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn ping(&self) -> Result<(), StoreError> {
        on_pool!(&self.readers, |pool| sqlx::query("select 1")
            .execute(pool)
            .await
            .map(drop))?;
        Ok(())
    }

    /// Returns the providers that have videos which are not deleted. One step through an index for each, however many
    /// videos.
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

    /// Returns every owner of a row, of deleted videos too.
    ///
    /// # Errors
    /// The database fails.
    pub async fn list_owners(&self) -> Result<Vec<String>, StoreError> {
        Ok(on_pool!(&self.readers, |pool| {
            sqlx::query_scalar("select distinct owner from videos")
                .fetch_all(pool)
                .await
        })?)
    }

    /// Counts the videos of a provider that are not deleted.
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
