//! `POST /v1/admin/webhook-events/replay` and `POST /v1/admin/outgoing-events/replay`: many events at once, by a filter.

use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::queue_query::{EMPTY_SPAN, is_span};
use crate::domain::{EventState, OutgoingState};
use crate::http::extract::{Body, NoQuery};
use crate::http::middleware::Admin;
use crate::http::pagination::{read_cursor, write_cursor};
use crate::http::problem::ApiError;
use crate::jobs::replay::{ReplayMode, replay_events};
use crate::limits::allowed_wait;
use crate::state::AppState;
use crate::store::{QueueFilter, QueueState};

/// The webhook events that are applied once more. At least one condition is required.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WebhookEventReplay)]
pub(crate) struct InboxReplay {
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
    /// Counts what matches, and changes nothing.
    #[serde(default)]
    dry_run: bool,
    /// `next_cursor` of the call before.
    #[schema(pattern = "^[A-Za-z0-9_-]{21}[AQgw]$")]
    cursor: Option<String>,
}

/// The outgoing events that are sent once more. At least one condition is required.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OutgoingEventReplay)]
pub(crate) struct OutboxReplay {
    /// Events in this state alone.
    state: Option<OutgoingState>,
    /// Events of this video alone.
    video_id: Option<Uuid>,
    /// Events of videos alone that are at this provider now.
    provider: Option<String>,
    /// Events of this type alone.
    r#type: Option<String>,
    /// Events written at this time or later, to the millisecond.
    since: Option<DateTime<Utc>>,
    /// Events written before this time, to the millisecond.
    until: Option<DateTime<Utc>>,
    /// Counts what matches, and changes nothing.
    #[serde(default)]
    dry_run: bool,
    /// `next_cursor` of the call before.
    #[schema(pattern = "^[A-Za-z0-9_-]{21}[AQgw]$")]
    cursor: Option<String>,
}

/// What a bulk replay did. Every replayed event is due, and will be whatever happens to the service.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReplayResult {
    /// Events that match.
    matched: u64,
    /// Those of them that are due now. A dry run has none.
    replayed: u64,
    /// Those of them whose content is gone: they stay as they are.
    without_body: u64,
    /// There are more events to look at: the same call with `next_cursor` as `cursor` goes on.
    more: bool,
    /// Where the next call goes on; null where there is no more.
    next_cursor: Option<String>,
}

/// Applies many webhook events once more, the oldest first: at most 10,000 are looked at in a call.
///
/// When the answer comes, each replayed event is durably pending and due; the inbox applies them from then on, while new
/// webhooks go first.
#[utoipa::path(
    post,
    path = "/v1/admin/webhook-events/replay",
    operation_id = "replay_many",
    tag = "admin",
    request_body = InboxReplay,
    responses((status = 200, body = ReplayResult)),
    extensions(("x-problems" = json!([
        "invalid_request", "invalid_body", "payload_too_large", "unsupported_media_type"
    ]))),
)]
pub(crate) async fn replay_webhook_events(
    State(state): State<AppState>,
    _admin: Admin,
    _: NoQuery,
    Body(request): Body<InboxReplay>,
) -> Result<Json<ReplayResult>, ApiError> {
    let filter = QueueFilter {
        state: request.state,
        video_id: request.video_id,
        provider: request.provider,
        event_type: request.r#type,
        since: request.since,
        until: request.until,
    };
    let result = replay(&state, &filter, request.cursor.as_deref(), request.dry_run).await;
    // Why whatever came of it: batches before a failure are due.
    state.intake.pending_signal().notify_one();
    result
}

/// Sends many outgoing events once more, the oldest first: at most 10,000 are looked at in a call.
///
/// When the answer comes, each replayed event is durably pending and due, and its endpoint is enabled where it was disabled.
#[utoipa::path(
    post,
    path = "/v1/admin/outgoing-events/replay",
    operation_id = "replay_many_outgoing",
    tag = "admin",
    request_body = OutboxReplay,
    responses((status = 200, body = ReplayResult)),
    extensions(("x-problems" = json!([
        "invalid_request", "invalid_body", "payload_too_large", "unsupported_media_type"
    ]))),
)]
pub(crate) async fn replay_outgoing_events(
    State(state): State<AppState>,
    _admin: Admin,
    _: NoQuery,
    Body(request): Body<OutboxReplay>,
) -> Result<Json<ReplayResult>, ApiError> {
    let filter = QueueFilter {
        state: request.state,
        video_id: request.video_id,
        provider: request.provider,
        event_type: request.r#type,
        since: request.since,
        until: request.until,
    };
    replay(&state, &filter, request.cursor.as_deref(), request.dry_run).await
}

/// Replays what matches above the cursor, as far as the request's time allows.
async fn replay<S: QueueState>(
    state: &AppState,
    filter: &QueueFilter<S>,
    cursor: Option<&str>,
    dry_run: bool,
) -> Result<Json<ReplayResult>, ApiError> {
    if filter.is_empty() {
        let detail = "must have at least one of: state, video_id, provider, type, since, until";
        return Err(ApiError::invalid_field("", detail));
    }
    if !is_span(filter.since, filter.until) {
        return Err(ApiError::invalid_field("until", EMPTY_SPAN));
    }
    let after = read_cursor(cursor)
        .map_err(|_| ApiError::invalid_field("cursor", "must be the next_cursor of an earlier answer"))?;
    let mode = if dry_run {
        ReplayMode::DryRun
    } else {
        // Why: an answer that tells how far the call came is worth more than a 503.
        let time = allowed_wait(Duration::from_secs(state.settings.http.request_timeout_s));
        ReplayMode::Until(Some(Instant::now() + time))
    };
    let done = replay_events(&state.store, &state.clock, filter, after, mode).await?;
    Ok(Json(ReplayResult {
        matched: done.matched,
        replayed: done.replayed,
        without_body: done.without_body,
        more: done.next.is_some(),
        next_cursor: done.next.map(write_cursor),
    }))
}
