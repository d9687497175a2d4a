//! Writing new videos, within the limits that are checked by counting.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::counted::{CountedLimits, Inserted};
use crate::domain::{Accounts, Video};
use crate::store::database::{Tx, on_tx};
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::rows::gained_ids;
use crate::store::statements::WriteTx;

impl Store {
    /// Writes a new video. On PostgreSQL it joins the next batch, unless it has ids at its provider already.
    ///
    /// # Errors
    /// The database fails, or the provider's id belongs to another video.
    pub async fn insert_video(&self, video: &Video) -> Result<(), StoreError> {
        // Why only without ids: a taken id would refuse the whole batch.
        let has_ids = video.known.upload_id.is_some() || video.known.asset_id.is_some();
        if let Some(batcher) = self.batcher.as_ref().filter(|_| !has_ids)
            && batcher.inserts.submit(Arc::new(video.clone())).await.is_ok()
        {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        tx.insert_video(video, &self.observer.accounts()).await?;
        tx.commit().await
    }

    /// Writes a new video where its owner and the caller's token keep within the limits. An upload is open while it is
    /// `created` or `waiting` and its URL has not expired.
    ///
    /// It counts and writes in one transaction, under a lock of the owner, so that no two count at the same time.
    ///
    /// # Errors
    /// The database fails, or the provider's id belongs to another video.
    pub async fn insert_video_within(
        &self,
        video: &Video,
        limits: &CountedLimits,
        now: DateTime<Utc>,
    ) -> Result<Inserted, StoreError> {
        if limits.is_empty() {
            self.insert_video(video).await?;
            return Ok(Inserted::Written);
        }
        let _guard = self.owner_locks.lock(&video.owner).await;
        let mut tx = self.begin().await?;
        if let Some(refused) = tx.count_within(video, limits, self.dialect(), now).await? {
            return Ok(refused);
        }
        tx.insert_video(video, &self.observer.accounts()).await?;
        tx.commit().await?;
        Ok(Inserted::Written)
    }
}

impl Tx {
    /// Writes a new video with the ids that it has already, as [`Store::insert_video`] does.
    pub(in crate::store) async fn insert_video(
        &mut self,
        video: &Video,
        accounts: &Accounts,
    ) -> Result<(), StoreError> {
        let ids = gained_ids(None, video, accounts);
        on_tx!(self, |tx| {
            tx.insert_videos(&[video]).await?;
            if ids.is_empty() {
                return Ok(());
            }
            tx.insert_ids(&ids).await
        })
    }
}
