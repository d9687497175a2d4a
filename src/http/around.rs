//! Around every request, outermost first: an id; a line, a span and a count; a problem document for every refusal.
//! Around those of the API besides: a permit, an answer where the handler panics, a deadline.
//! One layer does what one does: each costs a copy of everything below it, and an allocation or two.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use http::Method;
use http::request::Parts;
use tokio::time::timeout;

use super::caller;
use super::error::ApiError;
use super::log::{self, Observer};
use super::problems::{self, RequestId};
use super::quota;
use crate::limits::{FairSemaphore, with_deadline, with_permit};
use crate::state::AppState;

/// What nobody counts.
pub(crate) async fn uncounted(State(prefix): State<Arc<str>>, mut request: Request, next: Next) -> Response {
    let id = RequestId::settle(request.headers_mut());
    let mut response = problems::problems(&id, &prefix, request, next).await;
    id.write(response.headers_mut());
    response
}

/// What is counted, and has a line.
pub(crate) async fn watched(State(observer): State<Observer>, mut request: Request, next: Next) -> Response {
    let id = RequestId::settle(request.headers_mut());
    let mut response = log::watch(&observer, &id, request, next).await;
    id.write(response.headers_mut());
    response
}

/// Turns one request too many away, makes a panic a 500, and a slow handler a 503:
///
/// 1. The caller is told by its token, else by its address ([`charge`]).
/// 2. The request takes a permit of its kind, in its caller's turn; without one in good time it is a 503 ([`FairSemaphore`]).
/// 3. The handler runs within what is left of the request's time.
/// 4. The permit is given back when the answer begins: event streams go on without one.
///
/// [`charge`]: caller::charge
pub(crate) async fn guarded(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let arrived = Instant::now();
    let deadline = Duration::from_secs(state.settings.http.request_timeout_s);
    if quota::is_probe(request.uri().path()) {
        return in_time(deadline, next.run(request)).await;
    }
    let (mut parts, body) = request.into_parts();
    let (semaphore, deadline) = kind_of(&state, &parts, deadline);
    let caller = caller::charge(&mut parts, &state).await;
    parts.extensions.insert(caller);
    let Ok(permit) = semaphore.acquire(caller, deadline / 2).await else {
        // Why: who is refused asks again, and refusing takes processors from those who are answered.
        tokio::time::sleep(REFUSED_AFTER).await;
        return ApiError::Unavailable.into_response();
    };
    let permit = Arc::new(permit);
    let request = Request::from_parts(parts, quota::lending(&permit, body));
    let left = deadline.saturating_sub(arrived.elapsed());
    in_time(left, with_permit(permit, with_deadline(left, next.run(request)))).await
}

/// A refusal takes as long as this.
const REFUSED_AFTER: Duration = Duration::from_millis(100);

/// Providers give up at five seconds: an honest 503 comes before.
const WEBHOOK_DEADLINE: Duration = Duration::from_secs(4);

/// Whose permits the request needs, and how long it may take in all.
fn kind_of<'a>(state: &'a AppState, parts: &Parts, deadline: Duration) -> (&'a Arc<FairSemaphore>, Duration) {
    let permits = &state.permits;
    let path = parts.uri.path();
    if path.starts_with("/v1/webhooks/") {
        (&permits.webhooks, WEBHOOK_DEADLINE)
    } else if matches!(parts.method, Method::GET | Method::HEAD) || path == "/v1/playback" {
        (&permits.reads, deadline)
    } else {
        (&permits.changes, deadline)
    }
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
