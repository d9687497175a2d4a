//! `POST /v1/videos/{id}/renditions` and `DELETE /v1/videos/{id}/renditions/{name}`: files made and deleted on demand.
//!
//! 1. The request is written into the row, unless it stands there already or has nothing to do, and the response is 202.
//! 2. The reconciler makes the call in the background ([`crate::jobs::renditions`]); `renditions` of the video shows how far
//!    it is.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::managed::managed_video;
use super::view::VideoView;
use crate::domain::Video;
use crate::http::extract::{Id, IdAndName, JsonBytes, NoQuery, parse_json};
use crate::http::middleware::{Editor, Permitted};
use crate::http::problem::ApiError;
use crate::jobs::renditions::{self, RequestRefusal};
use crate::state::AppState;

/// The file that is to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RenditionRequest {
    /// One of the names that the video's provider has: `highest`, `audio-only`, `1080p` and the like, or `source`.
    #[schema(max_length = 32)]
    name: String,
}

/// Has a file of a video made: the request is kept, and the provider called in the background.
#[utoipa::path(
    post,
    path = "/v1/videos/{id}/renditions",
    operation_id = "make_rendition",
    tag = "videos",
    params(("id" = Uuid, Path, description = "The video.")),
    request_body = RenditionRequest,
    responses(
        (status = 202, body = VideoView),
    ),
    extensions(("x-act" = json!("change")), ("x-problems" = json!([
        "invalid_request", "not_found", "video_not_ready", "not_supported", "payload_too_large",
        "unsupported_media_type", "invalid_body",
    ]))),
)]
pub(crate) async fn make_rendition(
    State(state): State<AppState>,
    caller: Editor,
    _: NoQuery,
    Id(id): Id,
    body: JsonBytes,
) -> Result<(StatusCode, Json<VideoView>), ApiError> {
    // Why first: a stranger learns nothing of a body's faults either.
    let video = managed_video(&state, &caller, id).await?;
    let request: RenditionRequest = parse_json(&body.0)?;
    let reaches = |video: &Video| caller.reaches(video);
    let written = renditions::request_rendition(&state, id, &request.name, reaches).await?;
    respond(&state, &video, written)
}

/// Has a file of a video deleted: the request is kept, and the provider called in the background. The file has no address
/// from then on.
#[utoipa::path(
    delete,
    path = "/v1/videos/{id}/renditions/{name}",
    operation_id = "delete_rendition",
    tag = "videos",
    params(
        ("id" = Uuid, Path, description = "The video."),
        ("name" = String, Path, description = "The file's name, as `renditions` of the video has it."),
    ),
    responses(
        (status = 202, body = VideoView),
    ),
    extensions(("x-act" = json!("change")), ("x-problems" = json!([
        "invalid_request", "not_found", "video_not_ready", "not_supported", "invalid_body",
    ]))),
)]
pub(crate) async fn delete_rendition(
    State(state): State<AppState>,
    caller: Editor,
    _: NoQuery,
    IdAndName(id, name): IdAndName,
) -> Result<(StatusCode, Json<VideoView>), ApiError> {
    let video = managed_video(&state, &caller, id).await?;
    let reaches = |video: &Video| caller.reaches(video);
    let written = renditions::delete_rendition(&state, id, &name, reaches).await?;
    respond(&state, &video, written)
}

/// Makes the 202, or the refusal. `video` is the one that was read before.
fn respond(
    state: &AppState,
    video: &Video,
    written: Result<Video, RequestRefusal>,
) -> Result<(StatusCode, Json<VideoView>), ApiError> {
    match written {
        Ok(video) => Ok((StatusCode::ACCEPTED, Json(VideoView::new(state, &video)))),
        Err(RequestRefusal::NotFound) => Err(ApiError::NotFound),
        Err(RequestRefusal::NotReady(status)) => Err(ApiError::VideoNotReady(status)),
        Err(RequestRefusal::NotSupported) => Err(ApiError::NotSupported(format!(
            "The action map of {} has no call for it.",
            video.provider
        ))),
        Err(RequestRefusal::UnknownName) => {
            let provider = state.providers.for_video(video)?;
            let known = provider.rendition_names().join(", ");
            Err(ApiError::invalid_field(
                "name",
                format!("must be one of: {known}"),
            ))
        }
    }
}
