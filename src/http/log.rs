//! One line a request: by route, never by address, since addresses can hold secrets.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;

use super::problems::RequestId;

/// Logs method, route, status and time. Probes are logged at debug level.
pub(crate) async fn request_line(request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map(|path| path.as_str().to_owned());
    let route = route.unwrap_or_else(|| "(none)".to_owned());
    let id = request
        .extensions()
        .get::<RequestId>()
        .map(|id| id.0.clone())
        .unwrap_or_default();
    let begun = Instant::now();
    let response = next.run(request).await;
    let status = response.status().as_u16();
    let ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    if matches!(route.as_str(), "/livez" | "/readyz") {
        tracing::debug!(%method, route, status, ms, request.id = id, "request");
    } else {
        tracing::info!(%method, route, status, ms, request.id = id, "request");
    }
    response
}
