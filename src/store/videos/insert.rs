//! Writing new videos, and the exact limit of uploads that wait for their file: however many begin at once and on
//! whichever replica.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::QueryBuilder;

use crate::domain::{Accounts, Video};
use crate::store::database::{Tx, on_tx};
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::rows::gained_ids;
use crate::store::statements::WriteTx;

/// A limit of the uploads of one owner that wait for their file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenLimit {
    /// The providers whose uploads count.
    pub providers: Vec<String>,
    /// The greatest number of them.
    pub most: u32,
}

/// The outcome of [`Store::insert_video_within`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// The video was written.
    Written,
    /// The owner has as many open uploads as this limit allows.
    TooManyOpen(OpenLimit),
}

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

    /// Writes a new video where its owner has fewer open uploads than each of the limits allows. An upload is open
    /// while it is `created` or `waiting` and its URL has not expired.
    ///
    /// It counts and writes in one transaction, under a lock of the owner, so that no two count at the same time.
    ///
    /// # Errors
    /// The database fails, or the provider's id belongs to another video.
    pub async fn insert_video_within(
        &self,
        video: &Video,
        limits: &[OpenLimit],
        now: DateTime<Utc>,
    ) -> Result<Inserted, StoreError> {
        if limits.is_empty() {
            self.insert_video(video).await?;
            return Ok(Inserted::Written);
        }
        let _guard = self.owner_locks.lock(&video.owner).await;
        let mut tx = self.begin().await?;
        // Lock order: the owner's lock within this process, then the owner's lock in the database.
        on_tx!(&mut tx, |tx| tx.lock_owner(&video.owner).await)?;
        for limit in limits {
            if tx.count_open_uploads(&video.owner, limit, now).await? >= i64::from(limit.most) {
                return Ok(Inserted::TooManyOpen(limit.clone()));
            }
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

    /// Counts the owner's open uploads, no further than the limit.
    // Why bounded: the count runs along the index `videos_open`, which holds no others.
    async fn count_open_uploads(
        &mut self,
        owner: &str,
        limit: &OpenLimit,
        now: DateTime<Utc>,
    ) -> Result<i64, StoreError> {
        Ok(on_tx!(self, |tx| {
            let mut query = QueryBuilder::new(
                "select count(*) from (select 1 from videos where status in ('created', 'waiting') and owner = ",
            );
            query
                .push_bind(owner)
                .push(" and upload_expires_at > ")
                .push_bind(now);
            query.push(" and provider in (");
            let mut list = query.separated(", ");
            for provider in &limit.providers {
                list.push_bind(provider);
            }
            query
                .push(") limit ")
                .push_bind(i64::from(limit.most))
                .push(") few");
            query.build_query_scalar().fetch_one(tx.executor()).await
        })?)
    }
}
