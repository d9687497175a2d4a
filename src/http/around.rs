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
    let response = in_time(deadline, next.run(request)).await;
    admitted.answered(&response);
    response
}

async fn in_time(deadline: Duration, answering: impl Future<Output = Response>) -> Response {
    let answering = AssertUnwindSafe(timeout(deadline, answering)).catch_unwind();
    match answering.await {
        Ok(Ok(response)) => response,
        Ok(Err(_late)) => ApiError::Unavailable.into_response(),
        Err(_panic) => ApiError::Internal("a handler panicked".into()).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    #[tokio::test]
    async fn a_panic_is_a_500_and_a_handler_that_does_not_end_a_503() {
        let long = Duration::from_mins(1);
        let fine = in_time(long, async { StatusCode::OK.into_response() });
        assert_eq!(fine.await.status(), StatusCode::OK);
        let panics = in_time(long, async { panic!("on purpose") });
        assert_eq!(panics.await.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let never = in_time(Duration::from_millis(1), std::future::pending());
        assert_eq!(never.await.status(), StatusCode::SERVICE_UNAVAILABLE);
    }
}
