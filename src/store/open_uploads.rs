//! Uploads that wait for their file, limited by owner: exactly, however many begin at once and on whichever replica.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::QueryBuilder;
use tokio::sync::{Mutex, MutexGuard};

use super::tx::{Tx, on_tx};
use super::{Store, StoreError};
use crate::domain::Video;

/// How many of an owner's uploads may wait for their file at some providers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenLimit {
    /// The providers whose uploads count.
    pub providers: Vec<String>,
    /// At most so many of them.
    pub most: u32,
}

/// Whether a new video was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// It was.
    Written,
    /// The owner has as many open uploads as this limit allows.
    TooManyOpen(OpenLimit),
}

/// Separates these advisory locks from others on the same owner's name.
const LOCK_SEED: i64 = 9;
/// Limited uploads that a process begins at the same time; owners whose hashes share a stripe wait for each other.
const STRIPES: usize = 64;

/// Locks that let a process begin one limited upload of an owner at a time. Clones share them.
// Why: a hundred uploads of one owner wait here and hold one connection to the database, not all of them.
#[derive(Clone, Debug)]
pub(super) struct OwnerLocks(Arc<(RandomState, [Mutex<()>; STRIPES])>);

impl Default for OwnerLocks {
    fn default() -> Self {
        let stripes = std::array::from_fn(|_| Mutex::new(()));
        Self(Arc::new((RandomState::new(), stripes)))
    }
}

impl OwnerLocks {
    async fn lock(&self, owner: &str) -> Option<MutexGuard<'_, ()>> {
        let (hasher, stripes) = &*self.0;
        let place = usize::try_from(hasher.hash_one(owner) % (STRIPES as u64)).unwrap_or_default();
        Some(stripes.get(place)?.lock().await)
    }
}

impl Store {
    /// Writes a new video where its owner has fewer open uploads than each of the limits allows. Open are those that are
    /// `created` or `waiting` and whose URL has not expired. Counted and written in one transaction, under a lock of the
    /// owner's, so that no two count at the same time.
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
        tx.lock_owner(&video.owner).await?;
        for limit in limits {
            if tx.count_open_uploads(&video.owner, limit, now).await? >= i64::from(limit.most) {
                return Ok(Inserted::TooManyOpen(limit.clone()));
            }
        }
        tx.insert_video(video).await?;
        tx.commit().await?;
        Ok(Inserted::Written)
    }
}

impl Tx {
    /// Until the end of the transaction. SQLite's writer is alone anyway.
    async fn lock_owner(&mut self, owner: &str) -> Result<(), StoreError> {
        if let Self::Postgres(tx) = self {
            sqlx::query("select pg_advisory_xact_lock(hashtextextended($1, $2))")
                .bind(owner)
                .bind(LOCK_SEED)
                .execute(tx.executor())
                .await?;
        }
        Ok(())
    }

    /// Along `videos_open`, which holds no others, and no further than the limit.
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
            query.build_query_scalar().fetch_one(tx).await
        })?)
    }
}
