//! `/v1/admin/webhook-events`: the inbox, listed and replayed.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::domain::{EventState, InboxEvent};
use crate::http::extract::{Id, NoQuery, Query};
use crate::http::middleware::Admin;
use crate::http::pagination::{cut_page, read_cursor, rows_to_read};
use crate::http::problem::ApiError;
use crate::state::AppState;
use crate::store::EventFilter;

/// The number of events on a page.
const PAGE_SIZE: usize = 50;

/// The filter and the cursor of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventQuery {
    /// Events in this state alone.
    state: Option<EventState>,
    /// Events of this video alone.
    video_id: Option<Uuid>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[A-Za-z0-9_-]{21}[AQgw]$")]
    cursor: Option<String>,
}

/// One page of the inbox, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookEventPage)]
pub(crate) struct EventPage {
    data: Vec<EventView>,
    next_cursor: Option<String>,
}

/// An event without its body.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookEvent)]
pub(crate) struct EventView {
    id: Uuid,
    provider: String,
    event_id: String,
    r#type: String,
    state: EventState,
    attempts: i32,
    error: Option<String>,
    video_id: Option<Uuid>,
    upload_id: Option<String>,
    asset_id: Option<String>,
    occurred_at: Option<DateTime<Utc>>,
    received_at: DateTime<Utc>,
    next_attempt_at: Option<DateTime<Utc>>,
}

impl From<InboxEvent> for EventView {
    fn from(event: InboxEvent) -> Self {
        Self {
            id: event.id,
            provider: event.provider,
            event_id: event.event_id,
            r#type: event.event_type,
            state: event.state,
            attempts: event.attempts,
            error: event.error,
            video_id: event.video_id,
            upload_id: event.upload_id,
            asset_id: event.asset_id,
            occurred_at: event.occurred_at,
            received_at: event.received_at,
            next_attempt_at: event.next_attempt_at,
        }
    }
}

/// The inbox.
#[utoipa::path(
    get,
    path = "/v1/admin/webhook-events",
    operation_id = "events",
    tag = "admin",
    params(EventQuery),
    responses(
        (status = 200, body = EventPage),
    ),
    extensions(("x-problems" = json!(["invalid_request", "invalid_cursor"]))),
)]
pub(crate) async fn list_webhook_events(
    State(state): State<AppState>,
    _admin: Admin,
    Query(query): Query<EventQuery>,
) -> Result<Json<EventPage>, ApiError> {
    let filter = EventFilter {
        state: query.state,
        video_id: query.video_id,
        before: read_cursor(query.cursor.as_deref())?,
        limit: rows_to_read(PAGE_SIZE),
    };
    let events = state.store.list_events(&filter).await?;
    let (events, next_cursor) = cut_page(events, PAGE_SIZE, |event| event.id);
    Ok(Json(EventPage {
        data: events.into_iter().map(EventView::from).collect(),
        next_cursor,
    }))
}

/// Applies an event once more.
#[utoipa::path(
    post,
    path = "/v1/admin/webhook-events/{id}/replay",
    operation_id = "replay",
    tag = "admin",
    params(("id" = Uuid, Path, description = "The event, by our id.")),
    responses(
        (status = 200, body = EventView),
    ),
    extensions(("x-problems" = json!(["invalid_request", "not_found"]))),
)]
pub(crate) async fn replay_webhook_event(
    State(state): State<AppState>,
    _admin: Admin,
    _: NoQuery,
    Id(id): Id,
) -> Result<Json<EventView>, ApiError> {
    if !state.store.replay_event(id, state.clock.now()).await? {
        return Err(ApiError::NotFound);
    }
    // Why: the inbox job sleeps until there is something to apply.
    state.intake.pending_signal().notify_one();
    let event = state.store.find_event(id).await?.ok_or(ApiError::NotFound)?;
    Ok(Json(event.into()))
}
