//! The inner layer, around requests of the API: overload, slow handlers and panics end as problem documents.
//!
//! 1. **Caller.** The request is charged to the owner of its token, else to its address ([`identify_caller`]).
//! 2. **Permit.** It takes a permit of its kind (webhook, read, change), fairly among callers ([`FairSemaphore`]). 503
//!    where too many wait, or none is free within half of the request's time.
//! 3. **Deadline and panic.** The handler runs within what is left of the request's time: 503 when that is over, 500
//!    when it panics. While the client still sends the body, the permit is lent ([`LendWhileReceiving`]).
//! 4. **Release.** The permit is released when the response begins: event streams go on without one. A task that the
//!    handler spawned may hold it longer ([`carry_permit`](crate::limits::carry_permit)).
//!
//! Probes skip steps 1 and 2.

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

use super::caller::identify_caller;
use super::lend_while_receiving::LendWhileReceiving;
use crate::http::paths::is_probe;
use crate::http::problem::ApiError;
use crate::limits::{FairSemaphore, with_deadline, with_permit};
use crate::state::AppState;

/// The delay of the 503 to a request that got no permit.
const REFUSED_AFTER: Duration = Duration::from_millis(100);

/// The time of a webhook request in all. Providers give up at five seconds: an honest 503 comes before.
const WEBHOOK_DEADLINE: Duration = Duration::from_secs(4);

/// The layer around requests of the API. See the module for the steps.
pub(crate) async fn admit(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let arrived = Instant::now();
    let deadline = Duration::from_secs(state.settings.http.request_timeout_s);
    if is_probe(request.uri().path()) {
        return run_within(deadline, next.run(request)).await;
    }
    let (mut parts, body) = request.into_parts();
    // 1. Caller.
    let (semaphore, deadline) = semaphore_and_deadline(&state, &parts, deadline);
    let caller = identify_caller(&mut parts, &state).await;
    parts.extensions.insert(caller);
    // 2. Permit.
    let Ok(permit) = semaphore.acquire(caller, deadline / 2).await else {
        // Why: a refused client tries again at once, and each refusal takes processor time from requests that are
        // served.
        tokio::time::sleep(REFUSED_AFTER).await;
        return ApiError::Unavailable.into_response();
    };
    let permit = Arc::new(permit);
    let request = Request::from_parts(parts, LendWhileReceiving::wrap(body, &permit));
    // 3. Deadline and panic. 4. Release, with the end of `with_permit`.
    let left = deadline.saturating_sub(arrived.elapsed());
    run_within(left, with_permit(permit, with_deadline(left, next.run(request)))).await
}

/// Returns the semaphore of the request's kind, and how long the request may take in all.
fn semaphore_and_deadline<'a>(
    state: &'a AppState,
    parts: &Parts,
    deadline: Duration,
) -> (&'a Arc<FairSemaphore>, Duration) {
    let permits = &state.permits;
    let path = parts.uri.path();
    if path.starts_with("/v1/webhooks/") {
        (&permits.webhooks, WEBHOOK_DEADLINE)
    } else if matches!(parts.method, Method::GET | Method::HEAD) || path == "/v1/playback" {
        // Why: `POST /v1/playback` only reads; its ids are in the body.
        (&permits.reads, deadline)
    } else {
        (&permits.changes, deadline)
    }
}

/// Runs `response` to its end, or to a 503 after `deadline`, or to a 500 where it panics.
async fn run_within(deadline: Duration, response: impl Future<Output = Response>) -> Response {
    let response = AssertUnwindSafe(timeout(deadline, response)).catch_unwind();
    match response.await {
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
        let fine = run_within(long, async { StatusCode::OK.into_response() });
        assert_eq!(fine.await.status(), StatusCode::OK);
        let panics = run_within(long, async { panic!("on purpose") });
        assert_eq!(panics.await.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let never = run_within(Duration::from_millis(1), std::future::pending());
        assert_eq!(never.await.status(), StatusCode::SERVICE_UNAVAILABLE);
    }
}
