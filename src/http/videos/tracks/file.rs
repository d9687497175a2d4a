//! `GET /v1/videos/{id}/tracks/{track}`: the file of a track, and the response that carries one.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, header};
use uuid::Uuid;

use crate::domain::{TrackKind, Video};
use crate::http::extract::{IdAndTrack, NoQuery};
use crate::http::middleware::{Permitted, Player};
use crate::http::problem::ApiError;
use crate::http::videos::managed::managed_video;
use crate::provider::{Priority, ShownTrack, ShownTrackStatus};
use crate::state::AppState;
use crate::store::TrackFile;

/// The file of a track of text, as WebVTT: the one that is kept until the provider has it, else the provider's.
#[utoipa::path(
    get,
    path = "/v1/videos/{id}/tracks/{track}",
    operation_id = "show_track",
    tag = "videos",
    params(
        ("id" = Uuid, Path, description = "The video."),
        ("track" = Uuid, Path, description = "The track, as `tracks` of the video has it."),
    ),
    responses(
        (status = 200, content_type = "text/vtt", body = String, description = "The file."),
    ),
    extensions(("x-act" = json!("play")), ("x-problems" = json!([
        "invalid_request", "not_found", "not_supported", "provider_rejected", "provider_unavailable", "provider_busy",
    ]))),
)]
pub(crate) async fn show_track(
    State(state): State<AppState>,
    caller: Player,
    _: NoQuery,
    IdAndTrack(id, track): IdAndTrack,
) -> Result<Response, ApiError> {
    let video = managed_video(&state, &caller, id).await?;
    if video.is_over(state.clock.now()) {
        return Err(ApiError::NotFound);
    }
    let provider = state.providers.for_video(&video)?;
    let shown = provider.shown_tracks(&video).into_iter();
    let shown = shown.filter(|one| one.kind != TrackKind::Audio);
    let shown = shown.into_iter().find(|one| one.id == track);
    let file = read_file(
        &state,
        &video,
        shown.ok_or(ApiError::NotFound)?,
        caller.caller().owner(),
    )
    .await?;
    Ok(respond_with_file(file))
}

/// Returns the file that is kept, else the provider's.
async fn read_file(
    state: &AppState,
    video: &Video,
    track: ShownTrack,
    owner: &str,
) -> Result<Vec<u8>, ApiError> {
    if let Some(TrackFile::Body(body)) = state.store.find_track_file(track.id).await? {
        return Ok(body);
    }
    let provider = state.providers.for_video(video)?;
    let listed = track
        .listed
        .filter(|_| track.status == ShownTrackStatus::Ready && provider.can_read_tracks());
    let Some(listed) = listed else {
        return Err(ApiError::NotSupported(format!(
            "The file is not kept here, and {} does not give it.",
            video.provider
        )));
    };
    let now = state.clock.now();
    provider
        .read_track(video, &listed, Priority::Request(owner), now)
        .await
        .map_err(|error| ApiError::from_call(error, Some(video.id)))
}

/// Returns the file of a track that is kept, for whoever has its ticket.
pub(in crate::http) async fn kept_file(state: &AppState, track: Uuid) -> Result<Response, ApiError> {
    match state.store.find_track_file(track).await? {
        Some(TrackFile::Body(body)) => Ok(respond_with_file(body)),
        Some(TrackFile::Source(_)) | None => Err(ApiError::NotFound),
    }
}

/// Makes the response with a file. What somebody sent never chooses how it is read.
fn respond_with_file(file: Vec<u8>) -> Response {
    let headers: [(HeaderName, HeaderValue); 4] = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/vtt; charset=utf-8"),
        ),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("private, no-store"),
        ),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; sandbox"),
        ),
    ];
    (headers, Bytes::from(file)).into_response()
}
