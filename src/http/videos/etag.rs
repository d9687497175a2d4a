//! The entity tag of a single video, and the response that carries it.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use sha2::{Digest, Sha256};

use super::view::VideoView;
use crate::auth::Tickets;
use crate::domain::{ShownStatus, Video};
use crate::state::AppState;

/// Returns the strong tag of what a caller sees of one video.
///
/// It covers the version, the end of the ticket in `events_url`, the digest of the action map that makes the addresses,
/// and the path of `http.public_url`: with each of these the JSON changes, and a 304 must not keep an old one alive.
pub(super) fn etag(state: &AppState, video: &Video) -> String {
    let map = state
        .providers
        .by_name(&video.provider)
        .map_or("", |provider| provider.digest());
    let end = Tickets::next_end(state.clock.now());
    let prefix = state.settings.http.path_prefix();
    let digest = Sha256::digest(format!("{}\0{}\0{end}\0{map}{prefix}", video.id, video.version));
    format!("\"{}\"", hex::encode(&digest[..12]))
}

/// Compares the tag with each of a list, weakly (RFC 9110, 13.1.2); `*` matches any.
pub(super) fn matches_etag(given: &HeaderValue, etag: &str) -> bool {
    let text = given.to_str().unwrap_or_default();
    text.split(',')
        .map(str::trim)
        .any(|one| one == "*" || one.trim_start_matches("W/") == etag)
}

/// Makes the 200 of a single video, with its `ETag`, and with `Retry-After: 2` while it is being prepared.
pub(super) fn respond_with_etag(state: &AppState, video: &Video) -> Response {
    let mut response = Json(VideoView::with_events_url(state, video)).into_response();
    let out = response.headers_mut();
    out.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-cache"),
    );
    if let Ok(value) = HeaderValue::from_str(&etag(state, video)) {
        out.insert(header::ETAG, value);
    }
    if matches!(
        video.status,
        ShownStatus::Created | ShownStatus::Waiting | ShownStatus::Preparing
    ) {
        out.insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
    }
    response
}
