//! `/v1/admin/outgoing-events`: the outbox, listed and replayed.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::domain::{OutgoingEvent, OutgoingState, shown_endpoint};
use crate::http::extract::{Id, NoQuery, Query};
use crate::http::middleware::Admin;
use crate::http::pagination::{cut_page, read_cursor, rows_to_read};
use crate::http::problem::ApiError;
use crate::state::AppState;
use crate::store::OutgoingFilter;

/// The number of events on a page.
const PAGE_SIZE: usize = 50;

/// The filter and the cursor of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OutgoingQuery {
    /// Events in this state alone.
    state: Option<OutgoingState>,
    /// Events of this video alone.
    video_id: Option<Uuid>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[A-Za-z0-9_-]{21}[AQgw]$")]
    cursor: Option<String>,
}

/// One page of the outbox, newest first, and the endpoints that want nothing any more.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OutgoingEventPage)]
pub(crate) struct OutgoingPage {
    data: Vec<OutgoingView>,
    next_cursor: Option<String>,
    disabled_endpoints: Vec<DisabledEndpoint>,
}

/// An endpoint that answered 410.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DisabledEndpoint {
    endpoint: String,
    disabled_at: DateTime<Utc>,
}

/// An event without its body.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OutgoingEvent)]
pub(crate) struct OutgoingView {
    id: Uuid,
    webhook_id: String,
    endpoint: String,
    r#type: String,
    video_id: Uuid,
    version: i64,
    state: OutgoingState,
    attempts: i32,
    answer_status: Option<i32>,
    error: Option<String>,
    created_at: DateTime<Utc>,
    next_attempt_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
}

impl From<OutgoingEvent> for OutgoingView {
    fn from(event: OutgoingEvent) -> Self {
        Self {
            id: event.id,
            webhook_id: event.message_id(),
            endpoint: shown_endpoint(&event.endpoint).to_owned(),
            r#type: event.event_type,
            video_id: event.video_id,
            version: event.version,
            state: event.state,
            attempts: event.attempts,
            answer_status: event.answer_status,
            error: event.error,
            created_at: event.created_at,
            next_attempt_at: event.next_attempt_at,
            finished_at: event.finished_at,
        }
    }
}

/// The outbox.
#[utoipa::path(
    get,
    path = "/v1/admin/outgoing-events",
    operation_id = "outgoing",
    tag = "admin",
    params(OutgoingQuery),
    responses((status = 200, body = OutgoingPage)),
    extensions(("x-problems" = json!(["invalid_request", "invalid_cursor"]))),
)]
pub(crate) async fn list_outgoing_events(
    State(state): State<AppState>,
    _admin: Admin,
    Query(query): Query<OutgoingQuery>,
) -> Result<Json<OutgoingPage>, ApiError> {
    let filter = OutgoingFilter {
        state: query.state,
        video_id: query.video_id,
        before: read_cursor(query.cursor.as_deref())?,
        limit: rows_to_read(PAGE_SIZE),
    };
    let events = state.store.list_outgoing(&filter).await?;
    let (events, next_cursor) = cut_page(events, PAGE_SIZE, |event| event.id);
    let disabled = state.store.disabled_endpoints().await?;
    Ok(Json(OutgoingPage {
        data: events.into_iter().map(OutgoingView::from).collect(),
        next_cursor,
        disabled_endpoints: disabled
            .into_iter()
            .map(|(endpoint, disabled_at)| DisabledEndpoint {
                endpoint: shown_endpoint(&endpoint).to_owned(),
                disabled_at,
            })
            .collect(),
    }))
}

/// Sends an event once more, under the same id; a disabled endpoint is tried again with it.
#[utoipa::path(
    post,
    path = "/v1/admin/outgoing-events/{id}/replay",
    operation_id = "replay_outgoing",
    tag = "admin",
    params(("id" = Uuid, Path, description = "The event, by our id.")),
    responses((status = 200, body = OutgoingView)),
    extensions(("x-problems" = json!(["invalid_request", "not_found"]))),
)]
pub(crate) async fn replay_outgoing_event(
    State(state): State<AppState>,
    _admin: Admin,
    _: NoQuery,
    Id(id): Id,
) -> Result<Json<OutgoingView>, ApiError> {
    if !state.store.replay_outgoing(id, state.clock.now()).await? {
        return Err(ApiError::NotFound);
    }
    let event = state.store.find_outgoing(id).await?.ok_or(ApiError::NotFound)?;
    Ok(Json(event.into()))
}
