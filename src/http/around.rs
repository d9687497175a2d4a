//! Around every request, outermost first: an id; a line, a span and a count; a problem document for every refusal.
//! One layer does it all: each costs a copy of everything below it, and an allocation or two.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use super::log::{self, Lines};
use super::problems::{self, RequestId};
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
