//! Headers that every response to a viewer carries, and the time that caches may keep it.

use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};

use super::access::Grant;
use crate::local::app::App;

/// Longest time that a cache may keep a response, in seconds. Five minutes bound how long a deleted video stays in
/// caches.
const MAX_AGE_S: i64 = 300;

/// Headers that keep browsers from guessing a type and from running anything, and let every player read.
const GUARD: [(HeaderName, HeaderValue); 7] = [
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; sandbox"),
    ),
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
    (
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("GET, HEAD, OPTIONS"),
    ),
    (
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("Range, If-Range, If-None-Match"),
    ),
    (
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("Accept-Ranges, Content-Length, Content-Range, ETag"),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("cross-origin"),
    ),
];

/// Adds [`GUARD`] to every response, and `no-store` to every error.
pub(crate) async fn add_guard_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let is_error = response.status().is_client_error() || response.status().is_server_error();
    let headers = response.headers_mut();
    for (name, value) in GUARD {
        headers.insert(name, value);
    }
    // Why: an asset that is still preparing may be ready a second later.
    if is_error {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// Returns `Cache-Control`, with at most [`MAX_AGE_S`]: `public` for public ids; `private` for signed ones, at most
/// until the token ends.
pub(crate) fn cache_control(app: &App, grant: &Grant) -> HeaderValue {
    let now = app.clock.now().timestamp();
    let text = match &grant.token {
        None => format!("public, max-age={MAX_AGE_S}"),
        Some((_, exp)) => {
            #[expect(clippy::cast_possible_truncation, reason = "clamped to a few minutes")]
            // Why half a second off: the response must not outlive the token by rounding. Why the bound: `exp` may be
            // any number, and the cast must fit.
            let left = (*exp - 0.5).floor().min(9e15) as i64 - now;
            format!("private, max-age={}", left.clamp(0, MAX_AGE_S))
        }
    };
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("no-store"))
}
