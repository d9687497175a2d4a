//! Around every request, outermost first: an id; a line, a span and a count; a problem document for every refusal.
//! One layer does it all: each costs a copy of everything below it, and an allocation or two.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use super::log::{self, Lines};
use super::problems::{self, RequestId};
use crate::telemetry::Metrics;

/// What the public listener is asked.
pub(crate) async fn outer(State(metrics): State<Arc<Metrics>>, request: Request, next: Next) -> Response {
    watched(&metrics, Lines::Shown, request, next).await
}

/// What the service and its built-in provider ask each other.
pub(crate) async fn inner(State(metrics): State<Arc<Metrics>>, request: Request, next: Next) -> Response {
    watched(&metrics, Lines::Quiet, request, next).await
}

/// What nobody counts.
pub(crate) async fn uncounted(mut request: Request, next: Next) -> Response {
    let id = RequestId::settle(request.headers_mut());
    let mut response = problems::problems(&id, request, next).await;
    id.write(response.headers_mut());
    response
}

async fn watched(metrics: &Metrics, lines: Lines, mut request: Request, next: Next) -> Response {
    let id = RequestId::settle(request.headers_mut());
    let mut response = log::watch(metrics, lines, &id, request, next).await;
    id.write(response.headers_mut());
    response
}
