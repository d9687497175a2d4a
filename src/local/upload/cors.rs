//! CORS for the one origin that the upload was made for, and in development mode for pages of this machine.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::config::is_loopback_origin;
use crate::local::{app::App, store::Upload};

/// Response headers that a page may read.
const EXPOSED: HeaderValue = HeaderValue::from_static("Range, Content-Length, Content-Type, Date");
/// Methods that a page may use.
const METHODS: HeaderValue = HeaderValue::from_static("PUT, OPTIONS");
/// Request headers that a page may send.
const ALLOWED: HeaderValue = HeaderValue::from_static("Content-Type, Content-Range, X-Requested-With");
/// Seconds for which a browser may keep the answer to a preflight.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

/// Returns the headers of a response to the page at `Origin`; only `Vary` for pages that are not allowed.
pub(crate) fn response_headers(
    app: &App,
    upload: &Upload,
    request: &HeaderMap,
) -> Vec<(HeaderName, HeaderValue)> {
    let Some(origin) = allowed_origin(app, upload, request) else {
        return vec![vary_header()];
    };
    vec![
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, origin),
        (header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED),
        vary_header(),
    ]
}

/// Returns the headers of a response to a preflight; only `Vary` for pages that are not allowed.
pub(crate) fn preflight_headers(
    app: &App,
    upload: &Upload,
    request: &HeaderMap,
) -> Vec<(HeaderName, HeaderValue)> {
    let Some(origin) = allowed_origin(app, upload, request) else {
        return vec![vary_header()];
    };
    vec![
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, origin),
        (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED),
        (header::ACCESS_CONTROL_MAX_AGE, MAX_AGE),
        vary_header(),
    ]
}

/// Returns `Vary: Origin`.
fn vary_header() -> (HeaderName, HeaderValue) {
    (header::VARY, HeaderValue::from_static("Origin"))
}

/// Returns the value of `Access-Control-Allow-Origin`, or `None` for pages that may not send: pages of this machine
/// in development mode get their own origin; else `*`, or the request's origin where it is the upload's. An
/// upload may name its origin without a scheme, as Mux's own examples do.
fn allowed_origin(app: &App, upload: &Upload, request: &HeaderMap) -> Option<HeaderValue> {
    let page = request.get(header::ORIGIN).filter(|_| app.loopback_pages);
    if let Some(page) = page.filter(|page| page.to_str().is_ok_and(is_loopback_origin)) {
        return Some(page.clone());
    }
    let wanted = upload.cors_origin.as_deref()?;
    if wanted == "*" {
        return Some(HeaderValue::from_static("*"));
    }
    let origin = request.get(header::ORIGIN)?;
    let text = origin.to_str().ok()?;
    let host = text.split_once("://").map_or(text, |(_, host)| host);
    (text == wanted || host == wanted).then(|| origin.clone())
}
