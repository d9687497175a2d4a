//! Limits that are checked by counting: uploads that wait for their file, uploads of one token, and what an owner keeps.
//!
//! Each count runs in the transaction that writes the new row, under a lock of the owner, so that no two count at the same
//! time: on whichever replica, exactly the limit is reached.

use chrono::{DateTime, Utc};
use sqlx::QueryBuilder;
use uuid::Uuid;

use crate::domain::Video;
use crate::store::database::{Tx, on_pool, on_tx};
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::statements::{Dialect, WriteTx};

/// Everything that is counted before an upload may begin. The default counts nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CountedLimits {
    /// Uploads that wait for their file.
    pub open: Vec<OpenLimit>,
    /// Uploads of the caller's token.
    pub token: Option<TokenCount>,
    /// What the owner keeps.
    pub quota: Quota,
}

/// A limit of the uploads of one owner that wait for their file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenLimit {
    /// The providers whose uploads count.
    pub providers: Vec<String>,
    /// The greatest number of them.
    pub most: u32,
}

/// A limit of the uploads that begin with one token of the owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenCount {
    /// The claim `jti`.
    pub token_id: String,
    /// The greatest number of uploads.
    pub most: u64,
    /// The claim `exp`: the count is kept until then.
    pub expires_at: DateTime<Utc>,
    /// The video whose interrupted upload this one stands for: the two count once.
    pub instead_of: Option<Uuid>,
}

/// A limit of what an owner keeps: of videos that are not deleted, those on their way included. `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quota {
    /// Videos.
    pub videos: Option<u64>,
    /// Minutes, as their providers report.
    pub minutes: Option<u64>,
    /// Bytes of their files, as callers told, else as their providers report.
    pub bytes: Option<u64>,
}

/// A quota that is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverQuota {
    /// `videos`, `minutes` or `bytes`.
    pub name: &'static str,
    /// What is kept. Of videos counted no further than the limit.
    pub used: u64,
    /// The limit.
    pub limit: u64,
}

/// The outcome of [`Store::insert_video_within`](crate::store::Store::insert_video_within).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// The video was written.
    Written,
    /// The owner has as many open uploads as this limit allows.
    TooManyOpen(OpenLimit),
    /// As many uploads were begun with the caller's token as it allows.
    TokenUsedUp,
    /// What the owner keeps reaches a quota.
    OverQuota(OverQuota),
}

/// What an owner keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Videos that are not deleted.
    pub videos: u64,
    /// Seconds of them, as far as their providers reported.
    pub seconds: f64,
    /// Bytes of their files, as far as callers told or their providers reported.
    pub bytes: u64,
}

impl Usage {
    /// Returns the minutes, rounded down: a minute counts when it is full.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "saturates; seconds are never negative"
    )]
    pub fn minutes(&self) -> u64 {
        (self.seconds / 60.0).floor() as u64
    }
}

impl CountedLimits {
    /// Returns whether nothing is counted.
    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty() && self.token.is_none() && self.quota == Quota::default()
    }
}

impl Store {
    /// Returns what the owner keeps. Reads every video of it.
    ///
    /// # Errors
    /// The database fails.
    pub async fn usage_of(&self, owner: &str) -> Result<Usage, StoreError> {
        let dialect = self.dialect();
        let sums: (i64, f64, i64) = on_pool!(&self.readers, |pool| {
            usage_query(owner, dialect).build_query_as().fetch_one(pool).await
        })?;
        Ok(sums.into())
    }

    /// Gives back what a token's count took for an upload that got no URL.
    ///
    /// # Errors
    /// The database fails.
    pub async fn give_back_count(&self, video_id: Uuid) -> Result<(), StoreError> {
        on_pool!(&self.writer, |pool| {
            sqlx::query("delete from counted_uploads where video_id = $1")
                .bind(video_id)
                .execute(pool)
                .await
                .map(drop)
        })?;
        Ok(())
    }

    /// Removes counts of tokens that have ended, at most `limit`. Returns how many.
    ///
    /// # Errors
    /// The database fails.
    pub async fn prune_counts(&self, now: DateTime<Utc>, limit: i64) -> Result<u64, StoreError> {
        Ok(on_pool!(&self.writer, |pool| {
            sqlx::query(
                "delete from counted_uploads where (owner, token_id, video_id) in ( \
                 select owner, token_id, video_id from counted_uploads where expires_at <= $1 limit $2)",
            )
            .bind(now)
            .bind(limit)
            .execute(pool)
            .await
            .map(|result| result.rows_affected())
        })?)
    }
}

/// Pushes the sums of videos: their number, seconds, and bytes.
pub(in crate::store) fn push_usage_sums<DB: sqlx::Database>(query: &mut QueryBuilder<DB>, dialect: &Dialect) {
    query.push(format_args!(
        "count(*) as videos, \
         cast(coalesce(sum({}), 0) as double precision) as seconds, \
         cast(coalesce(sum(coalesce(file_size, cast(file_facts -> 'file_size' ->> 'v' as bigint))), 0) as bigint) \
         as bytes",
        dialect.duration_s
    ));
}

/// Makes the query of what one owner keeps.
fn usage_query<'q, DB>(owner: &str, dialect: &Dialect) -> QueryBuilder<DB>
where
    DB: sqlx::Database,
    String: sqlx::Encode<'q, DB> + sqlx::Type<DB>,
{
    let mut query = QueryBuilder::new("select ");
    push_usage_sums(&mut query, dialect);
    query
        .push(" from videos where owner = ")
        .push_bind(owner.to_owned());
    query.push(" and status <> 'deleted' and replaces is null");
    query
}

impl From<(i64, f64, i64)> for Usage {
    fn from((videos, seconds, bytes): (i64, f64, i64)) -> Self {
        Self {
            videos: u64::try_from(videos).unwrap_or_default(),
            seconds,
            bytes: u64::try_from(bytes).unwrap_or_default(),
        }
    }
}

impl Tx {
    /// Locks the owner and counts. `None` where the new video keeps within every limit; the token's count has been taken
    /// then.
    ///
    /// # Errors
    /// The database fails.
    // Lock order: the owner's lock within this process, which the caller holds, then the owner's lock in the database.
    pub(super) async fn count_within(
        &mut self,
        video: &Video,
        limits: &CountedLimits,
        dialect: &Dialect,
        now: DateTime<Utc>,
    ) -> Result<Option<Inserted>, StoreError> {
        on_tx!(&mut *self, |tx| tx.lock_owner(&video.owner).await)?;
        for limit in &limits.open {
            if self.count_open_uploads(&video.owner, limit, now).await? >= i64::from(limit.most) {
                return Ok(Some(Inserted::TooManyOpen(limit.clone())));
            }
        }
        if let Some(over) = self
            .find_reached_quota(&video.owner, &limits.quota, dialect)
            .await?
        {
            return Ok(Some(Inserted::OverQuota(over)));
        }
        match &limits.token {
            Some(token) if !self.take_count(video, token).await? => Ok(Some(Inserted::TokenUsedUp)),
            _ => Ok(None),
        }
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

    /// Returns the first quota that what the owner keeps has reached.
    async fn find_reached_quota(
        &mut self,
        owner: &str,
        quota: &Quota,
        dialect: &Dialect,
    ) -> Result<Option<OverQuota>, StoreError> {
        if let Some(limit) = quota.videos {
            let most = i64::try_from(limit).unwrap_or(i64::MAX);
            // Why bounded: an owner may have far more from the time before the quota.
            let kept: i64 = on_tx!(&mut *self, |tx| {
                sqlx::query_scalar(
                    "select count(*) from ( \
                     select 1 from videos where owner = $1 and status <> 'deleted' \
                     and replaces is null limit $2) few",
                )
                .bind(owner)
                .bind(most)
                .fetch_one(tx.executor())
                .await
            })?;
            if kept >= most {
                let used = u64::try_from(kept).unwrap_or_default();
                return Ok(Some(OverQuota {
                    name: "videos",
                    used,
                    limit,
                }));
            }
        }
        if quota.minutes.is_none() && quota.bytes.is_none() {
            return Ok(None);
        }
        let sums: (i64, f64, i64) = on_tx!(self, |tx| {
            usage_query(owner, dialect)
                .build_query_as()
                .fetch_one(tx.executor())
                .await
        })?;
        let usage = Usage::from(sums);
        let kept = [
            ("minutes", usage.minutes(), quota.minutes),
            ("bytes", usage.bytes, quota.bytes),
        ];
        Ok(kept.into_iter().find_map(|(name, used, limit)| {
            let limit = limit.filter(|limit| used >= *limit)?;
            Some(OverQuota { name, used, limit })
        }))
    }

    /// Takes one of the token's count for the video. `false` where none is left.
    async fn take_count(&mut self, video: &Video, token: &TokenCount) -> Result<bool, StoreError> {
        if let Some(before) = token.instead_of {
            on_tx!(&mut *self, |tx| {
                sqlx::query("delete from counted_uploads where video_id = $1 and owner = $2")
                    .bind(before)
                    .bind(&video.owner)
                    .execute(tx.executor())
                    .await
                    .map(drop)
            })?;
        }
        let most = i64::try_from(token.most).unwrap_or(i64::MAX);
        let begun: i64 = on_tx!(&mut *self, |tx| {
            sqlx::query_scalar(
                "select count(*) from ( \
                 select 1 from counted_uploads where owner = $1 and token_id = $2 limit $3) few",
            )
            .bind(&video.owner)
            .bind(&token.token_id)
            .bind(most)
            .fetch_one(tx.executor())
            .await
        })?;
        if begun >= most {
            return Ok(false);
        }
        on_tx!(self, |tx| {
            sqlx::query(
                "insert into counted_uploads (owner, token_id, video_id, expires_at) values ($1, $2, $3, $4)",
            )
            .bind(&video.owner)
            .bind(&token.token_id)
            .bind(video.id)
            .bind(token.expires_at)
            .execute(tx.executor())
            .await
            .map(drop)
        })?;
        Ok(true)
    }
}
