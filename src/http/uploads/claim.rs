//! `Idempotency-Key`: the same request twice is one video.
//!
//! A key belongs to an owner and a body. [`claim_key`] claims it; the claim ends with [`ClaimedKey::store_answer`],
//! after a 201, or [`ClaimedKey::release`], after a refusal. A claim that ends by neither lapses in the store.

use chrono::{DateTime, Utc};
use http::HeaderMap;
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::kind::Kind;
use crate::http::problem::ApiError;
use crate::state::AppState;
use crate::store::{Claim, IdempotencyKey};

/// The request header.
const HEADER: &str = "idempotency-key";
/// Its longest value, in characters.
const MAX_CHARS: usize = 255;

/// A request as its key sees it.
#[derive(Clone, Copy)]
pub(crate) struct KeyedRequest<'a> {
    pub(super) kind: Kind,
    pub(super) owner: &'a str,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
}

/// A key that this request has claimed.
pub(crate) struct ClaimedKey {
    key: IdempotencyKey,
    video_id: Uuid,
}

/// The outcome of [`claim_key`], where the request goes on.
pub(crate) enum ClaimOutcome {
    /// An answer that is stored from the same request before, as JSON.
    Answered(String),
    /// This request begins the upload.
    Begin {
        /// The id of the video: new, or that of a claim that lapsed.
        video_id: Uuid,
        /// The claim; `None` for a request without a key.
        claimed: Option<ClaimedKey>,
    },
}

/// Claims the request's key, where it has one.
///
/// # Errors
/// [`ApiError::IdempotencyInProgress`] while another request holds the claim, [`ApiError::IdempotencyKeyReused`] where
/// the key belongs to another body, [`ApiError::InvalidRequest`] where the header is malformed.
pub(super) async fn claim_key(state: &AppState, request: KeyedRequest<'_>) -> Result<ClaimOutcome, ApiError> {
    claim(state, request.key()?).await
}

/// Claims a key of [`read_key`], where there is one. The id of the claim is that of whatever the request makes.
///
/// # Errors
/// See [`claim_key`].
pub(crate) async fn claim(state: &AppState, key: Option<IdempotencyKey>) -> Result<ClaimOutcome, ApiError> {
    let video_id = state.clock.new_id();
    let Some(key) = key else {
        let claimed = None;
        return Ok(ClaimOutcome::Begin { video_id, claimed });
    };
    match state.store.claim_key(&key, video_id, state.clock.now()).await? {
        Claim::Ours(video_id) => Ok(ClaimOutcome::Begin {
            video_id,
            claimed: Some(ClaimedKey { key, video_id }),
        }),
        Claim::Answered(answer) => Ok(ClaimOutcome::Answered(answer)),
        Claim::Running => Err(ApiError::IdempotencyInProgress),
        Claim::Reused => Err(ApiError::IdempotencyKeyReused),
    }
}

/// Returns the answer that is stored under the request's key, as JSON, without claiming it; `None` without a key or an
/// answer.
pub(super) async fn stored_answer(
    state: &AppState,
    request: KeyedRequest<'_>,
) -> Result<Option<String>, ApiError> {
    let Some(key) = request.key()? else {
        return Ok(None);
    };
    Ok(state.store.stored_answer(&key, state.clock.now()).await?)
}

impl ClaimedKey {
    /// Stores the 201 for further requests with this key, until the upload expires.
    pub(crate) async fn store_answer(
        &self,
        state: &AppState,
        answer: &Value,
        expires_at: DateTime<Utc>,
    ) -> Result<(), ApiError> {
        Ok(state
            .store
            .store_answer(&self.key, self.video_id, answer, expires_at)
            .await?)
    }

    /// Releases the claim after a refusal: the next request with this key begins anew.
    pub(crate) async fn release(&self, state: &AppState) -> Result<(), ApiError> {
        Ok(state.store.release_key(&self.key, self.video_id).await?)
    }
}

impl KeyedRequest<'_> {
    /// Returns the request's key; `None` where it has no such header.
    fn key(self) -> Result<Option<IdempotencyKey>, ApiError> {
        read_key(self.owner, self.headers, self.kind.hash_prefix(), self.body)
    }
}

/// Returns the key of a request; `None` where it has no such header. `scope` tells the same body of two routes apart.
///
/// # Errors
/// [`ApiError::InvalidRequest`] where the header is malformed.
pub(crate) fn read_key(
    owner: &str,
    headers: &HeaderMap,
    scope: &str,
    body: &[u8],
) -> Result<Option<IdempotencyKey>, ApiError> {
    Ok(read_header(headers)?.map(|key| IdempotencyKey {
        owner: owner.to_owned(),
        key,
        body_hash: hash_body(scope, body),
    }))
}

/// Reads the one header of 1 to [`MAX_CHARS`] visible ASCII characters; `None` where there is none.
fn read_header(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
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

/// Hashes the body as hex SHA-256, canonical where it is JSON: two spellings of the same JSON have the same hash.
fn hash_body(scope: &str, body: &[u8]) -> String {
    let canonical = serde_json::from_slice::<Value>(body).map(|value| value.to_string());
    let body = canonical.as_deref().map_or(body, str::as_bytes);
    let hash = Sha256::new().chain_update(scope).chain_update(body);
    hex::encode(hash.finalize())
}
