//! The probes: `GET /livez` and `GET /readyz`.

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::ApiError;
use crate::state::AppState;

/// The age up to which the last result of the readiness check is used again.
const CACHED_FOR: chrono::Duration = chrono::Duration::seconds(1);

/// The answer of a probe.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// Always "ok": a 503 says otherwise.
    #[schema(pattern = "^ok$", example = "ok")]
    status: &'static str,
}

/// The process runs.
#[utoipa::path(
    get,
    path = "/livez",
    operation_id = "live",
    tag = "operating",
    security(()),
    responses(
        (status = 200, body = Health),
    ),
)]
pub(crate) async fn show_alive() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// The process can do its work: database reached, migrations applied, not stopping.
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "ready",
    tag = "operating",
    security(()),
    responses(
        (status = 200, body = Health),
    ),
    extensions(("x-problems" = json!(["unavailable"]))),
)]
pub(crate) async fn show_ready(State(state): State<AppState>) -> Result<Json<Health>, ApiError> {
    if state.stopping.load(Ordering::SeqCst) {
        return Err(ApiError::Unavailable);
    }
    let now = state.clock.now();
    // Why held during the check: probes that come together make one check of the database.
    let mut last = state.cached_readiness.lock().await;
    // Why `now >= at`: after the clock was set back the last result must not be used for hours.
    let known = last.filter(|(at, _)| now - *at < CACHED_FOR && now >= *at);
    let ready = match known {
        Some((_, ready)) => ready,
        None => tokio::time::timeout(Duration::from_secs(1), state.is_ready())
            .await
            .unwrap_or(false),
    };
    if known.is_none() {
        *last = Some((now, ready));
    }
    if ready {
        Ok(Json(Health { status: "ok" }))
    } else {
        Err(ApiError::Unavailable)
    }
}
