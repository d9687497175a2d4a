//! Limits that callers see: the headers of their quota, and 503 before everything becomes slow.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::error::ApiError;
use crate::limits::Quota;
use crate::state::AppState;

/// Longest path and query, in bytes.
const LONGEST_URL: usize = 8 * 1024;

/// Writes `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10).
pub(crate) fn write(name: &str, quota: &Quota, headers: &mut HeaderMap) {
    let whole_in = quota.whole_in.as_secs() + u64::from(quota.whole_in.subsec_nanos() > 0);
    let policy = format!("\"{name}\";q={};w=60", quota.per_min);
    let left = format!("\"{name}\";r={};t={whole_in}", quota.left);
    for (header, value) in [("ratelimit-policy", policy), ("ratelimit", left)] {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(HeaderName::from_static(header), value);
        }
    }
}

/// Addresses longer than any of ours are refused before anything looks at them.
pub(crate) async fn url_length(request: Request, next: Next) -> Response {
    let length = request.uri().path_and_query().map_or(0, |all| all.as_str().len());
    if length > LONGEST_URL {
        return ApiError::InvalidRequest("The URL is longer than 8 KiB.".to_owned()).into_response();
    }
    next.run(request).await
}

/// Takes no more requests than can be answered in good time; the others come again. Probes are always answered, and
/// streams count only until they begin.
pub(crate) async fn shed(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if matches!(request.uri().path(), "/livez" | "/readyz") {
        return next.run(request).await;
    }
    match state.room.try_acquire() {
        Ok(_place) => next.run(request).await,
        Err(_) => ApiError::Unavailable.into_response(),
    }
}
