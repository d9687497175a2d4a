//! `GET /v1/videos/{id}/tracks`.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::view::{TrackView, view_tracks};
use crate::http::extract::{Id, NoQuery};
use crate::http::middleware::Player;
use crate::http::problem::ApiError;
use crate::http::videos::managed::managed_video;
use crate::state::AppState;

/// The tracks of a video.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TrackList {
    /// In the order of the provider, then those that it does not have yet.
    data: Vec<TrackView>,
}

/// The captions, subtitles and sound of a video: what its provider has, and what is on its way.
#[utoipa::path(
    get,
    path = "/v1/videos/{id}/tracks",
    operation_id = "list_tracks",
    tag = "videos",
    params(("id" = Uuid, Path, description = "The video.")),
    responses(
        (status = 200, body = TrackList),
    ),
    extensions(("x-act" = json!("play")), ("x-problems" = json!(["invalid_request", "not_found"]))),
)]
pub(crate) async fn list_tracks(
    State(state): State<AppState>,
    caller: Player,
    _: NoQuery,
    Id(id): Id,
) -> Result<Json<TrackList>, ApiError> {
    let video = managed_video(&state, &caller, id).await?;
    Ok(Json(TrackList {
        data: view_tracks(&state.providers, &video),
    }))
}
