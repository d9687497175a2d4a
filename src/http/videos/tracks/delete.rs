//! `DELETE /v1/videos/{id}/tracks/{track}`.

use axum::Json;
use axum::extract::State;
use http::StatusCode;

use crate::domain::Video;
use crate::http::extract::{IdAndTrack, NoQuery};
use crate::http::middleware::{Editor, Permitted};
use crate::http::problem::ApiError;
use crate::http::videos::managed::managed_video;
use crate::http::videos::view::VideoView;
use crate::jobs::tracks;
use crate::state::AppState;

/// Has a track of a video deleted: the request is kept, and the provider called in the background. One that was not sent yet is
/// taken back.
#[utoipa::path(
    delete,
    path = "/v1/videos/{id}/tracks/{track}",
    operation_id = "delete_track",
    tag = "videos",
    params(
        ("id" = Uuid, Path, description = "The video."),
        ("track" = Uuid, Path, description = "The track, as `tracks` of the video has it."),
    ),
    responses(
        (status = 202, body = VideoView, description = "The video: the track is `deleting`, or is not there any more."),
    ),
    extensions(("x-act" = json!("change")), ("x-problems" = json!([
        "invalid_request", "not_found", "video_not_ready", "not_supported",
    ]))),
)]
pub(crate) async fn delete_track(
    State(state): State<AppState>,
    caller: Editor,
    _: NoQuery,
    IdAndTrack(id, track): IdAndTrack,
) -> Result<(StatusCode, Json<VideoView>), ApiError> {
    managed_video(&state, &caller, id).await?;
    let reaches = |video: &Video| caller.reaches(video);
    let video = tracks::delete_track(&state, id, track, reaches).await??;
    Ok((StatusCode::ACCEPTED, Json(VideoView::new(&state, &video))))
}
