//! The console: one small page of our own at `/`, plain HTML, CSS and JavaScript modules, embedded in the binary.
//!
//! It speaks only the public API, and sends and plays with the scripts of [`client`](crate::client). Its policy lets it
//! run scripts of this service alone, and nothing that is written inline.

mod files;
mod page;
mod policy;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use self::files::FILES;
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
    let nosniff = (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
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
    (guard(), [nosniff], fixed, policy, page.html()).into_response()
}

/// A script, a style sheet or a picture of the page.
async fn file(Path(address): Path<String>, headers: HeaderMap) -> Response {
    match FILES.respond(&address, &headers).await {
        Some(file) => (guard(), file).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Other sites' pages do not get to use what carries this.
fn guard() -> [(HeaderName, HeaderValue); 1] {
    [(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    )]
}
