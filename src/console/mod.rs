//! The console: one small page of our own at `/`, plain HTML, CSS and JavaScript modules, embedded in the binary.
//!
//! It speaks only the public API. Its policy lets it run its own scripts and the one configured player, and nothing
//! that is written inline.

mod files;
mod page;
mod policy;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use self::files::File;
pub use self::page::Options;
use self::page::Page;

/// `/` and `/console/…`.
pub fn router(options: Options) -> Router {
    Router::new()
        .route("/", get(show))
        .route("/console/{*path}", get(file))
        .with_state(Arc::new(Page::new(options)))
}

/// The page. Never kept: settings stand in it. No token does.
async fn show(State(page): State<Arc<Page>>, headers: HeaderMap) -> Response {
    if let Some(home) = page.elsewhere(&headers) {
        let kept = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
        return (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, home)], kept).into_response();
    }
    let fixed = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
    ];
    let policy = [(header::CONTENT_SECURITY_POLICY, page.policy())];
    (guard(), fixed, policy, page.html()).into_response()
}

/// A script, a style sheet or a picture of the page; asked for anew each time, sent only when it has changed.
async fn file(Path(path): Path<String>, headers: HeaderMap) -> Response {
    let Some(file) = File::named(&path) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let kept = [
        (header::ETAG, file.etag()),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    if headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|known| file.is_known(known))
    {
        return (StatusCode::NOT_MODIFIED, guard(), kept).into_response();
    }
    let kind = [(header::CONTENT_TYPE, file.content_type)];
    (guard(), kept, kind, file.text).into_response()
}

/// What every answer carries: its type is what we say, and other sites' pages do not get to use it.
fn guard() -> [(HeaderName, HeaderValue); 2] {
    [
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            HeaderValue::from_static("same-origin"),
        ),
    ]
}
