//! Around every request, outermost first: an id; a line, a span and a count; a problem document for every refusal.
//! Around those of the API besides: a place, an answer where the handler panics, a deadline.
//! One layer does what one does: each costs a copy of everything below it, and an allocation or two.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use tokio::time::timeout;

use super::error::ApiError;
use super::log::{self, Lines};
use super::problems::{self, RequestId};
use super::quota;
use crate::state::AppState;
use crate::telemetry::Metrics;

/// What nobody counts.
pub(crate) async fn uncounted(mut request: Request, next: Next) -> Response {
    let id = RequestId::settle(request.headers_mut());
    let mut response = problems::problems(&id, request, next).await;
    id.write(response.headers_mut());
    response
}

/// What is counted, and has a line.
pub(crate) async fn watched(
    State((metrics, lines)): State<(Arc<Metrics>, Lines)>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = RequestId::settle(request.headers_mut());
    let mut response = log::watch(&metrics, lines, &id, request, next).await;
    id.write(response.headers_mut());
    response
}

/// One request too many is turned away, a panic becomes a 500, a slow handler a 503.
pub(crate) async fn guarded(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let Some((admitted, request)) = quota::enter(&state, request).await else {
        return ApiError::Unavailable.into_response();
    };
    let deadline = Duration::from_secs(state.settings.http.request_timeout_s);
    let answering = AssertUnwindSafe(timeout(deadline, next.run(request))).catch_unwind();
    let response = match answering.await {
        Ok(Ok(response)) => response,
        Ok(Err(_late)) => ApiError::Unavailable.into_response(),
        Err(_panic) => ApiError::Internal("a handler panicked".into()).into_response(),
    };
    admitted.answered(&response);
    response
}
