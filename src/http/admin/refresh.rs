//! `POST /v1/admin/videos/{id}/refresh`: reads one video at its provider and joins the result, before the response.

use axum::Json;
use axum::extract::State;

use crate::http::extract::{Id, NoQuery};
use crate::http::middleware::Admin;
use crate::http::problem::ApiError;
use crate::http::videos::VideoView;
use crate::jobs::reconcile;
use crate::state::AppState;

/// Asks the provider about a video now.
#[utoipa::path(
    post,
    path = "/v1/admin/videos/{id}/refresh",
    operation_id = "refresh",
    tag = "admin",
    params(("id" = Uuid, Path, description = "The video.")),
    responses(
        (status = 200, body = VideoView),
    ),
    extensions(("x-problems" = json!(["invalid_request", "not_found"]))),
)]
pub(crate) async fn refresh_video(
    State(state): State<AppState>,
    _admin: Admin,
    _: NoQuery,
    Id(id): Id,
) -> Result<Json<VideoView>, ApiError> {
    state.store.find_video(id).await?.ok_or(ApiError::NotFound)?;
    reconcile::run_pass(&state, Some(id)).await?;
    let video = state.store.find_video(id).await?.ok_or(ApiError::NotFound)?;
    Ok(Json(VideoView::new(&state, &video)))
}
