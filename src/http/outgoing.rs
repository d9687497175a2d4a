//! What the application was told, and what it was not: seen and replayed.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::caller::Admin;
use super::error::ApiError;
use super::extract::{Id, NoQuery, Query};
use super::videos::{read_cursor, write_cursor};
use super::view::VideoView;
use crate::domain::{Announcement, OutgoingEvent, OutgoingState, Video, shown_endpoint};
use crate::state::{AppState, ProviderSet};
use crate::store::OutgoingFilter;

/// Events of one page.
const PAGE: usize = 50;

/// The body of an event: a snapshot of the video as it was with the change.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = VideoEvent)]
pub(super) struct Payload {
    r#type: Announcement,
    /// When the change came.
    timestamp: DateTime<Utc>,
    data: VideoView,
}

/// The body of an event, as the store writes it into the outbox.
pub(crate) fn payload(providers: &ProviderSet, what: Announcement, video: &Video) -> String {
    let payload = Payload {
        r#type: what,
        timestamp: video.updated_at,
        data: VideoView::by(providers, video),
    };
    // A view has nothing that JSON cannot say: no key but text, no number but a finite one.
    serde_json::to_string(&payload).unwrap_or_default()
}

/// Which events.
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
pub(crate) async fn list(
    State(state): State<AppState>,
    _admin: Admin,
    Query(query): Query<OutgoingQuery>,
) -> Result<Json<OutgoingPage>, ApiError> {
    let filter = OutgoingFilter {
        state: query.state,
        video_id: query.video_id,
        before: query.cursor.as_deref().map(read_cursor).transpose()?,
        limit: i64::try_from(PAGE + 1).unwrap_or(i64::MAX),
    };
    let mut events = state.store.list_outgoing(&filter).await?;
    let more = events.len() > PAGE;
    events.truncate(PAGE);
    let next_cursor = events.last().filter(|_| more).map(|last| write_cursor(last.id));
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
pub(crate) async fn replay(
    State(state): State<AppState>,
    _admin: Admin,
    _: NoQuery,
    Id(id): Id,
) -> Result<Json<OutgoingView>, ApiError> {
    if !state.store.replay_outgoing(id, state.clock.now()).await? {
        return Err(ApiError::NotFound);
    }
    let event = state.store.outgoing(id).await?.ok_or(ApiError::NotFound)?;
    Ok(Json(event.into()))
}
