//! `/v1/admin/webhook-events`: the inbox, listed, shown and replayed one by one.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::event_content::{BodyState, mask_content};
use super::queue_query::{check_span, page_size};
use crate::domain::{EventState, InboxEvent};
use crate::http::extract::{Id, NoQuery, Query};
use crate::http::middleware::Admin;
use crate::http::pagination::{read_cursor, write_cursor};
use crate::http::problem::ApiError;
use crate::state::AppState;
use crate::store::EventFilter;

/// The filter and the cursor of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventQuery {
    /// Events in this state alone.
    state: Option<EventState>,
    /// Events of this video alone.
    video_id: Option<Uuid>,
    /// Events from this provider alone.
    provider: Option<String>,
    /// Events of this type alone.
    r#type: Option<String>,
    /// Events received at this time or later, to the millisecond.
    since: Option<DateTime<Utc>>,
    /// Events received before this time, to the millisecond.
    until: Option<DateTime<Utc>>,
    /// Events of one page; 50 where it is not given.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[A-Za-z0-9_-]{21}[AQgw]$")]
    cursor: Option<String>,
}

/// One page of the inbox.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookEventPage)]
pub(crate) struct EventPage {
    /// Newest first.
    data: Vec<EventView>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// An event. Its body is shown where one event alone is asked for.
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
    /// The content, masked; null where it cannot be shown. Missing in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    body: Option<Value>,
    /// What can be shown of the content. Missing in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    body_state: Option<BodyState>,
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
            body: None,
            body_state: None,
        }
    }
}

/// The inbox, newest first.
///
/// Of events that are found by `provider`, `type` or `state=applied`, at most 10,000 are looked at in a request, in order: a
/// page may be short, even empty, and still have `next_cursor`. Go on until it is null.
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
    let limit = page_size(query.limit)?;
    check_span(query.since, query.until)?;
    let before = read_cursor(query.cursor.as_deref())?;
    let filter = EventFilter {
        state: query.state,
        video_id: query.video_id,
        provider: query.provider,
        event_type: query.r#type,
        since: query.since,
        until: query.until,
    };
    let page = state.store.list_queue(&filter, before, limit).await?;
    Ok(Json(EventPage {
        data: page.events.into_iter().map(EventView::from).collect(),
        next_cursor: page.next.map(write_cursor),
    }))
}

/// One event, with its body: what gives access to something is masked in it.
#[utoipa::path(
    get,
    path = "/v1/admin/webhook-events/{id}",
    operation_id = "event",
    tag = "admin",
    params(("id" = Uuid, Path, description = "The event, by our id.")),
    responses(
        (status = 200, body = EventView),
    ),
    extensions(("x-problems" = json!(["invalid_request", "not_found"]))),
)]
pub(crate) async fn show_webhook_event(
    State(state): State<AppState>,
    _admin: Admin,
    _: NoQuery,
    Id(id): Id,
) -> Result<Json<EventView>, ApiError> {
    let event = state.store.find_event(id).await?.ok_or(ApiError::NotFound)?;
    let (body, body_state) = mask_content(event.body.as_deref());
    Ok(Json(EventView {
        body: Some(body),
        body_state: Some(body_state),
        ..event.into()
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
