//! `/v1/admin/videos/{id}/move`: a video is moved to another provider, under the same id ([`crate::jobs::moves`]).

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::{Move, MoveKind, MoveState, ShownStatus, Video};
use crate::http::extract::{Body, Id, NoQuery};
use crate::http::middleware::Admin;
use crate::http::problem::ApiError;
use crate::provider::Provider;
use crate::state::AppState;

/// Where a video is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MoveRequest {
    /// The provider that is to have the video: one whose action map is loaded.
    provider: String,
    /// Takes an earlier move back: by the old file of that provider while it is there, else by a new encoding.
    #[serde(default)]
    undo: bool,
    /// Leaves behind the tracks that cannot be handed over. Else a video that has such tracks is not moved.
    #[serde(default)]
    without_tracks: bool,
}

/// The wish to move a video, and how far it is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = VideoMove)]
pub(crate) struct MoveView {
    id: Uuid,
    video_id: Uuid,
    /// The provider that had the video when the wish was made.
    from_provider: String,
    /// The provider that is to have it.
    to_provider: String,
    kind: MoveKind,
    state: MoveState,
    /// Why it failed or was skipped.
    reason: Option<String>,
    /// What could not be carried over, a sentence each.
    notes: Vec<String>,
    /// The rendition that is handed over.
    rendition: Option<String>,
    without_tracks: bool,
    requested_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
}

impl From<Move> for MoveView {
    fn from(wish: Move) -> Self {
        Self {
            id: wish.id,
            video_id: wish.video_id,
            from_provider: wish.from_provider,
            to_provider: wish.to_provider,
            kind: wish.kind,
            state: wish.state,
            reason: wish.reason,
            notes: wish.notes,
            rendition: wish.rendition,
            without_tracks: wish.without_tracks,
            requested_at: wish.requested_at,
            finished_at: wish.finished_at,
        }
    }
}

/// The moves of one video.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = VideoMoves)]
pub(crate) struct MovesView {
    /// The latest one; null where there was none, or it ended long ago.
    latest: Option<MoveView>,
    /// The file that the latest exchange put aside; null where there is none.
    old_file: Option<OldFileView>,
}

/// A file that is kept for a while after another one took its place.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = VideoOldFile)]
pub(crate) struct OldFileView {
    /// The provider that has it.
    provider: String,
    /// The time at which it is deleted. Until then an undo takes it back.
    delete_at: Option<DateTime<Utc>>,
}

/// Moves a video to another provider, in the background. It keeps its id, and plays all the time.
#[utoipa::path(
    post,
    path = "/v1/admin/videos/{id}/move",
    operation_id = "move_video",
    tag = "admin",
    params(("id" = Uuid, Path, description = "The video.")),
    request_body = MoveRequest,
    responses((
        status = 202, body = MoveView,
        description = "The wish is written, or was there already. A video that is there already has nothing to do.",
    )),
    extensions(("x-problems" = json!([
        "invalid_request", "invalid_body", "payload_too_large", "unsupported_media_type", "not_found", "video_not_ready",
        "replacement_in_progress", "not_supported"
    ]))),
)]
pub(crate) async fn move_video(
    State(state): State<AppState>,
    _admin: Admin,
    Id(id): Id,
    _: NoQuery,
    Body(request): Body<MoveRequest>,
) -> Result<(StatusCode, Json<MoveView>), ApiError> {
    let video = find_living(&state, id).await?;
    let Some(to) = state.providers.by_name(&request.provider) else {
        let detail = "no action map of this name is loaded";
        return Err(ApiError::invalid_field("provider", detail));
    };
    let latest = state.store.latest_move(id).await?;
    let known = latest.filter(|wish| wish.to_provider == request.provider && is_current(wish, &video));
    if let Some(known) = known {
        return Ok((StatusCode::ACCEPTED, Json(known.into())));
    }
    if video.provider != request.provider {
        check_movable(&video, to, request.undo)?;
    }
    let written = state.store.insert_moves(&[request.wish(&state, &video)]).await?;
    let open = written.into_iter().next();
    state.wake_mover.notify_one();
    // Why the latest where none is open: a wish without anything to do is written as done.
    let wish = match open {
        Some(open) => open,
        None => state.store.latest_move(id).await?.ok_or(ApiError::NotFound)?,
    };
    Ok((StatusCode::ACCEPTED, Json(wish.into())))
}

/// How far the move of a video is.
#[utoipa::path(
    get,
    path = "/v1/admin/videos/{id}/move",
    operation_id = "video_moves",
    tag = "admin",
    params(("id" = Uuid, Path, description = "The video.")),
    responses((status = 200, body = MovesView)),
    extensions(("x-problems" = json!(["invalid_request", "not_found"]))),
)]
pub(crate) async fn show_move(
    State(state): State<AppState>,
    _admin: Admin,
    _: NoQuery,
    Id(id): Id,
) -> Result<Json<MovesView>, ApiError> {
    find_living(&state, id).await?;
    let latest = state.store.latest_move(id).await?.map(MoveView::from);
    let old_file = find_old_file(&state, id).await?;
    Ok(Json(MovesView { latest, old_file }))
}

/// Reads the file that the latest exchange put aside, where it is still there.
async fn find_old_file(state: &AppState, id: Uuid) -> Result<Option<OldFileView>, ApiError> {
    let hidden = state.store.find_hidden_of(id).await?.into_iter();
    let kept = hidden.filter(|row| row.exchanged_at.is_some() && !row.known.delete_requested);
    let latest = kept.max_by_key(|row| (row.exchanged_at, row.id));
    Ok(latest.map(|row| OldFileView {
        provider: row.provider,
        delete_at: row.delete_at,
    }))
}

/// Reads a video that is neither deleted nor to be deleted.
async fn find_living(state: &AppState, id: Uuid) -> Result<Video, ApiError> {
    let found = state.store.find_video(id).await?;
    let living = |video: &Video| {
        !video.is_hidden() && !matches!(video.status, ShownStatus::Deleting | ShownStatus::Deleted)
    };
    found.filter(living).ok_or(ApiError::NotFound)
}

/// Checks that a video can be wished to another provider now.
fn check_movable(video: &Video, to: &Provider, undo: bool) -> Result<(), ApiError> {
    if video.status != ShownStatus::Ready {
        return Err(ApiError::VideoNotReady(video.status));
    }
    // Why only of those that may still become something: a failed one gives way.
    if video
        .replacement
        .as_ref()
        .is_some_and(|other| !other.has_failed())
    {
        return Err(ApiError::ReplacementInProgress);
    }
    // Why not of an undo: the old file needs no call.
    if !undo && to.ingest_step_count() == 0 {
        let name = to.name();
        return Err(ApiError::NotSupported(format!(
            "Provider \"{name}\" fetches no files: its map has no [[ingest.steps]]."
        )));
    }
    Ok(())
}

/// Returns whether a wish is what the same request asks for again: it is open, or the video is where it took it.
fn is_current(wish: &Move, video: &Video) -> bool {
    wish.finished_at.is_none() || (wish.state == MoveState::Done && video.provider == wish.to_provider)
}

impl MoveRequest {
    /// Makes the wish. One without anything to do is done at once.
    fn wish(&self, state: &AppState, video: &Video) -> Move {
        let now = state.clock.now();
        let kind = if self.undo { MoveKind::Undo } else { MoveKind::Move };
        let providers = (video.provider.as_str(), self.provider.as_str());
        let mut wish = Move {
            without_tracks: self.without_tracks,
            ..Move::new(state.clock.new_id(), video.id, providers, kind, now)
        };
        if video.provider == self.provider {
            wish.finish(MoveState::Done, None, now);
        }
        wish
    }
}
