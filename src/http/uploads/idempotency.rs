//! `Idempotency-Key`: the same request twice is one upload.

use chrono::{DateTime, Utc};
use http::HeaderMap;
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::http::error::ApiError;
use crate::state::AppState;
use crate::store::{Claim, IdempotencyKey};

/// The header.
const HEADER: &str = "idempotency-key";
/// Its longest value, in characters.
const MAX_CHARS: usize = 255;

/// A key that this request answers.
pub(super) struct Keyed {
    key: IdempotencyKey,
    claimed: Uuid,
}

/// What the request's key says.
pub(super) enum Asked {
    /// The same request was answered: the answer as JSON.
    Answered(String),
    /// This request is to be answered, with a video of this id.
    Begin(Uuid, Option<Keyed>),
}

impl Keyed {
    /// Claims the request's key, where it has one.
    pub(super) async fn ask(
        state: &AppState,
        owner: &str,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Asked, ApiError> {
        let id = state.clock.new_id();
        let Some(key) = key_of(owner, headers, body)? else {
            return Ok(Asked::Begin(id, None));
        };
        match state.store.claim_key(&key, id, state.clock.now()).await? {
            Claim::Ours(claimed) => Ok(Asked::Begin(claimed, Some(Self { key, claimed }))),
            Claim::Answered(answer) => Ok(Asked::Answered(answer)),
            Claim::Running => Err(ApiError::IdempotencyInProgress),
            Claim::Reused => Err(ApiError::IdempotencyKeyReused),
        }
    }

    /// The answer that is kept for the request's key; claims nothing.
    pub(super) async fn kept(
        state: &AppState,
        owner: &str,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Option<String>, ApiError> {
        let Some(key) = key_of(owner, headers, body)? else {
            return Ok(None);
        };
        Ok(state.store.kept_answer(&key, state.clock.now()).await?)
    }

    /// Keeps the 201 for the next request with this key.
    pub(super) async fn keep(
        &self,
        state: &AppState,
        answer: &Value,
        expires_at: DateTime<Utc>,
    ) -> Result<(), ApiError> {
        Ok(state
            .store
            .keep_answer(&self.key, self.claimed, answer, expires_at)
            .await?)
    }

    /// Only a 201 is kept: the next request with this key begins anew.
    pub(super) async fn free(&self, state: &AppState) -> Result<(), ApiError> {
        Ok(state.store.free_key(&self.key, self.claimed).await?)
    }
}

fn key_of(owner: &str, headers: &HeaderMap, body: &[u8]) -> Result<Option<IdempotencyKey>, ApiError> {
    let of_key = |key| IdempotencyKey {
        owner: owner.to_owned(),
        key,
        body_hash: hash(body),
    };
    Ok(read(headers)?.map(of_key))
}

fn read(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let mut values = headers.get_all(HEADER).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let text = value
        .to_str()
        .ok()
        .filter(|text| (1..=MAX_CHARS).contains(&text.len()));
    if let (Some(text), None) = (text, values.next()) {
        return Ok(Some(text.to_owned()));
    }
    let detail = "Idempotency-Key must be one header of 1 to 255 visible ASCII characters.";
    Err(ApiError::InvalidRequest(detail.to_owned()))
}

/// Two spellings of the same JSON are the same body.
fn hash(body: &[u8]) -> String {
    let canonical = serde_json::from_slice::<Value>(body).map(|value| value.to_string());
    hex::encode(Sha256::digest(canonical.as_deref().map_or(body, str::as_bytes)))
}
