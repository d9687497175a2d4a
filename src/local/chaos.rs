//! Faults made on purpose (`[local.chaos]`), to try an integration under errors. The webhook faults are in
//! `webhooks::worker`.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{app::App, error::MuxError, ids};

/// Answers a share of API calls with 429 or 500 before they reach a handler. The shares are `too_many_requests` and
/// `server_error`, each 0.0 to 1.0.
pub(crate) async fn inject_api_faults(State(app): State<App>, request: Request, next: Next) -> Response {
    let chaos = &app.settings.chaos;
    if ids::chance(chaos.too_many_requests) {
        return MuxError::too_many("Too many requests (made on purpose)")
            .retry_after(1)
            .into_response();
    }
    if ids::chance(chaos.server_error) {
        return MuxError::internal(&"a fault made on purpose").into_response();
    }
    next.run(request).await
}
