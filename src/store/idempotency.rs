//! `Idempotency-Key`: the same request twice is one upload.

use chrono::{DateTime, Duration, Utc};
use serde_json::Value;
use serde_json::value::RawValue;
use sqlx::types::Json;
use uuid::Uuid;

use super::database::on_pool;
use super::error::StoreError;
use super::handle::Store;

/// A claim without an answer lapses after this many seconds: the process that made it has died.
const CLAIM_TIMEOUT_S: i64 = 60;
/// Hours for which an answer is stored at most.
const ANSWER_TTL_H: i64 = 24;

/// An `Idempotency-Key` as one request uses it.
#[derive(Clone, Debug)]
pub struct IdempotencyKey {
    /// The owner whose key it is: another owner's equal key is another key.
    pub owner: String,
    /// The header's value, at most 255 characters.
    pub key: String,
    /// SHA-256 of the body, hex.
    pub body_hash: String,
}

/// The outcome of [`Store::claim_key`].
#[derive(Clone, Debug, PartialEq)]
pub enum Claim {
    /// The request is to be answered, for this video: the one handed in, or that of a claim that lapsed.
    Ours(Uuid),
    /// The key was answered before: the answer as JSON.
    Answered(String),
    /// Another request is answering it.
    Running,
    /// The key was used with another body.
    Reused,
}

impl Store {
    /// Claims the key for `video`, in one statement, so that of equal requests at the same time one wins.
    ///
    /// # Errors
    /// The database fails.
    pub async fn claim_key(
        &self,
        key: &IdempotencyKey,
        video: Uuid,
        now: DateTime<Utc>,
    ) -> Result<Claim, StoreError> {
        let claimed: Option<Uuid> = on_pool!(&self.writer, |pool| {
            sqlx::query_scalar(
                "insert into idempotency_keys (owner, key, body_hash, video_id, claimed_at, answer, expires_at) \
                 values ($1, $2, $3, $4, $5, null, $6) on conflict (owner, key) do update set \
                 video_id = case when idempotency_keys.expires_at <= excluded.claimed_at then excluded.video_id \
                 else idempotency_keys.video_id end, \
                 body_hash = excluded.body_hash, claimed_at = excluded.claimed_at, answer = null, \
                 expires_at = excluded.expires_at \
                 where idempotency_keys.expires_at <= excluded.claimed_at or (idempotency_keys.answer is null \
                 and idempotency_keys.claimed_at <= $7 and idempotency_keys.body_hash = excluded.body_hash) \
                 returning video_id",
            )
            .bind(&key.owner)
            .bind(&key.key)
            .bind(&key.body_hash)
            .bind(video)
            .bind(now)
            .bind(now + Duration::hours(ANSWER_TTL_H))
            .bind(now - Duration::seconds(CLAIM_TIMEOUT_S))
            .fetch_optional(pool)
            .await
        })?;
        match claimed {
            Some(id) => Ok(Claim::Ours(id)),
            None => self.other_claim(key).await,
        }
    }

    /// Returns the answer that is stored for this key and body, as JSON text.
    // Why not parsed: what was once accepted is given again as it is.
    ///
    /// # Errors
    /// The database fails.
    pub async fn stored_answer(
        &self,
        key: &IdempotencyKey,
        now: DateTime<Utc>,
    ) -> Result<Option<String>, StoreError> {
        let found: Option<Json<Box<RawValue>>> = on_pool!(&self.readers, |pool| {
            sqlx::query_scalar(
                "select answer from idempotency_keys \
                 where owner = $1 and key = $2 and body_hash = $3 and expires_at > $4 and answer is not null",
            )
            .bind(&key.owner)
            .bind(&key.key)
            .bind(&key.body_hash)
            .bind(now)
            .fetch_optional(pool)
            .await
        })?;
        Ok(found.map(|Json(answer)| into_text(answer)))
    }

    async fn other_claim(&self, key: &IdempotencyKey) -> Result<Claim, StoreError> {
        let found: Option<(String, Option<Json<Box<RawValue>>>)> = on_pool!(&self.writer, |pool| {
            sqlx::query_as("select body_hash, answer from idempotency_keys where owner = $1 and key = $2")
                .bind(&key.owner)
                .bind(&key.key)
                .fetch_optional(pool)
                .await
        })?;
        Ok(match found {
            Some((hash, _)) if hash != key.body_hash => Claim::Reused,
            Some((_, Some(Json(answer)))) => Claim::Answered(into_text(answer)),
            // Freed in between, or still running: either way the caller may come again.
            Some((_, None)) | None => Claim::Running,
        })
    }

    /// Stores the answer to the key, until the upload expires and at most for a day.
    ///
    /// # Errors
    /// The database fails.
    pub async fn store_answer(
        &self,
        key: &IdempotencyKey,
        video: Uuid,
        answer: &Value,
        expires_at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        on_pool!(&self.writer, |pool| {
            sqlx::query(
                "update idempotency_keys set answer = $4, \
                 expires_at = case when expires_at < $5 then expires_at else $5 end \
                 where owner = $1 and key = $2 and video_id = $3",
            )
            .bind(&key.owner)
            .bind(&key.key)
            .bind(video)
            .bind(Json(answer))
            .bind(expires_at)
            .execute(pool)
            .await
            .map(drop)
        })?;
        Ok(())
    }

    /// Frees a key of [`Store::claim_key`] after a refusal.
    ///
    /// # Errors
    /// The database fails.
    pub async fn release_key(&self, key: &IdempotencyKey, video: Uuid) -> Result<(), StoreError> {
        on_pool!(&self.writer, |pool| {
            sqlx::query("delete from idempotency_keys where owner = $1 and key = $2 and video_id = $3")
                .bind(&key.owner)
                .bind(&key.key)
                .bind(video)
                .execute(pool)
                .await
                .map(drop)
        })?;
        Ok(())
    }

    /// Removes keys that have expired, at most `limit`. Returns how many.
    ///
    /// # Errors
    /// The database fails.
    pub async fn prune_keys(&self, now: DateTime<Utc>, limit: i64) -> Result<u64, StoreError> {
        Ok(on_pool!(&self.writer, |pool| {
            sqlx::query(
                "delete from idempotency_keys where (owner, key) in ( \
                 select owner, key from idempotency_keys where expires_at <= $1 limit $2)",
            )
            .bind(now)
            .bind(limit)
            .execute(pool)
            .await
            .map(|result| result.rows_affected())
        })?)
    }
}

fn into_text(answer: Box<RawValue>) -> String {
    Box::<str>::from(answer).into()
}
