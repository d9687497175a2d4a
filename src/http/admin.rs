//! The inbox, seen and replayed; one video asked at its provider now.

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
use crate::domain::{EventState, InboxEvent};
use crate::jobs::reconcile;
use crate::state::AppState;
use crate::store::EventFilter;

/// Events of one page.
const PAGE: usize = 50;

/// Which events.
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
    tag = "admin",
    params(EventQuery),
    responses(
        (status = 200, body = EventPage),
    ),
    extensions(("x-problems" = json!(["invalid_request", "invalid_cursor"]))),
)]
pub(crate) async fn events(
    State(state): State<AppState>,
    _admin: Admin,
    Query(query): Query<EventQuery>,
) -> Result<Json<EventPage>, ApiError> {
    let filter = EventFilter {
        state: query.state,
        video_id: query.video_id,
        before: query.cursor.as_deref().map(read_cursor).transpose()?,
        limit: i64::try_from(PAGE + 1).unwrap_or(i64::MAX),
    };
    let mut events = state.store.list_events(&filter).await?;
    let more = events.len() > PAGE;
    events.truncate(PAGE);
    let next_cursor = events.last().filter(|_| more).map(|last| write_cursor(last.id));
    Ok(Json(EventPage {
        data: events.into_iter().map(EventView::from).collect(),
        next_cursor,
    }))
}

/// Applies an event once more.
#[utoipa::path(
    post,
    path = "/v1/admin/webhook-events/{id}/replay",
    tag = "admin",
    params(("id" = Uuid, Path, description = "The event, by our id.")),
    responses(
        (status = 200, body = EventView),
    ),
    extensions(("x-problems" = json!(["invalid_request", "not_found"]))),
)]
pub(crate) async fn replay(
    State(state): State<AppState>,
    _admin: Admin,
    _: NoQuery,
    Id(id): Id,
) -> Result<Json<EventView>, ApiError> {
    if !state.store.replay_event(id, state.clock.now()).await? {
        return Err(ApiError::NotFound);
    }
    state.intake.stored().notify_one();
    let event = state.store.event(id).await?.ok_or(ApiError::NotFound)?;
    Ok(Json(event.into()))
}

/// Asks the provider about a video now.
#[utoipa::path(
    post,
    path = "/v1/admin/videos/{id}/refresh",
    tag = "admin",
    params(("id" = Uuid, Path, description = "The video.")),
    responses(
        (status = 200, body = VideoView),
    ),
    extensions(("x-problems" = json!(["invalid_request", "not_found"]))),
)]
pub(crate) async fn refresh(
    State(state): State<AppState>,
    _admin: Admin,
    _: NoQuery,
    Id(id): Id,
) -> Result<Json<VideoView>, ApiError> {
    state.store.video(id).await?.ok_or(ApiError::NotFound)?;
    reconcile::pass(&state, Some(id)).await?;
    let video = state.store.video(id).await?.ok_or(ApiError::NotFound)?;
    Ok(Json(VideoView::of(&state, &video)))
}
