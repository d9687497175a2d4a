//! `/v1/admin/outgoing-events`: the outbox, listed, shown and replayed one by one.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::event_content::{BodyState, mask_content};
use super::queue_query::{check_span, page_size};
use crate::domain::{OutgoingEvent, OutgoingState, shown_endpoint};
use crate::http::extract::{Id, NoQuery, Query};
use crate::http::middleware::Admin;
use crate::http::pagination::{read_cursor, write_cursor};
use crate::http::problem::ApiError;
use crate::state::AppState;
use crate::store::OutgoingFilter;

/// The filter and the cursor of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OutgoingQuery {
    /// Events in this state alone.
    state: Option<OutgoingState>,
    /// Events of this video alone.
    video_id: Option<Uuid>,
    /// Events of videos alone that are at this provider now; those of purged videos are at none.
    provider: Option<String>,
    /// Events of this type alone.
    r#type: Option<String>,
    /// Events written at this time or later, to the millisecond.
    since: Option<DateTime<Utc>>,
    /// Events written before this time, to the millisecond.
    until: Option<DateTime<Utc>>,
    /// Events of one page; 50 where it is not given.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[A-Za-z0-9_-]{21}[AQgw]$")]
    cursor: Option<String>,
}

/// One page of the outbox, and the endpoints that want nothing any more.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OutgoingEventPage)]
pub(crate) struct OutgoingPage {
    /// Newest first.
    data: Vec<OutgoingView>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
    disabled_endpoints: Vec<DisabledEndpoint>,
}

/// An endpoint that answered 410.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DisabledEndpoint {
    endpoint: String,
    disabled_at: DateTime<Utc>,
}

/// An event. Its body is shown where one event alone is asked for.
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
    /// The content, masked; null where it cannot be shown. Missing in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    body: Option<Value>,
    /// What can be shown of the content. Missing in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    body_state: Option<BodyState>,
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
            body: None,
            body_state: None,
        }
    }
}

/// The outbox, newest first.
///
/// Of events that are found by `provider`, `type` or `state=delivered`, at most 10,000 are looked at in a request, in order:
/// a page may be short, even empty, and still have `next_cursor`. Go on until it is null.
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
    let limit = page_size(query.limit)?;
    check_span(query.since, query.until)?;
    let before = read_cursor(query.cursor.as_deref())?;
    let filter = OutgoingFilter {
        state: query.state,
        video_id: query.video_id,
        provider: query.provider,
        event_type: query.r#type,
        since: query.since,
        until: query.until,
    };
    let page = state.store.list_queue(&filter, before, limit).await?;
    let disabled = state.store.disabled_endpoints().await?;
    Ok(Json(OutgoingPage {
        data: page.events.into_iter().map(OutgoingView::from).collect(),
        next_cursor: page.next.map(write_cursor),
        disabled_endpoints: disabled
            .into_iter()
            .map(|(endpoint, disabled_at)| DisabledEndpoint {
                endpoint: shown_endpoint(&endpoint).to_owned(),
                disabled_at,
            })
            .collect(),
    }))
}

/// One event, with its body: what gives access to something is masked in it.
#[utoipa::path(
    get,
    path = "/v1/admin/outgoing-events/{id}",
    operation_id = "outgoing_event",
    tag = "admin",
    params(("id" = Uuid, Path, description = "The event, by our id.")),
    responses((status = 200, body = OutgoingView)),
    extensions(("x-problems" = json!(["invalid_request", "not_found"]))),
)]
pub(crate) async fn show_outgoing_event(
    State(state): State<AppState>,
    _admin: Admin,
    _: NoQuery,
    Id(id): Id,
) -> Result<Json<OutgoingView>, ApiError> {
    let event = state.store.find_outgoing(id).await?.ok_or(ApiError::NotFound)?;
    let (body, body_state) = mask_content(Some(event.payload.as_bytes()));
    Ok(Json(OutgoingView {
        body: Some(body),
        body_state: Some(body_state),
        ..event.into()
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
