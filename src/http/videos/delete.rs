//! `DELETE /v1/videos/{id}`.
//!
//! 1. The row's flag `delete_requested` is set: the video shows `deleting`, and gives no playback any more.
//!    So is that of its hidden rows: a replacement that is under way, and files that were kept.
//! 2. The response is 202. Again: 202 as well, and nothing changes.
//! 3. The reconciler deletes at the provider until that confirms ([`crate::jobs::reconcile`]); from then on the video
//!    is 404.

use std::convert::Infallible;

use axum::Json;
use axum::extract::State;
use http::StatusCode;

use super::managed::managed_video;
use super::view::VideoView;
use crate::http::extract::{Id, NoQuery};
use crate::http::middleware::Editor;
use crate::http::problem::ApiError;
use crate::state::AppState;
use crate::store::Edit;

/// Deletes a video: it stops playing at once, and its provider is asked until it confirms.
#[utoipa::path(
    delete,
    path = "/v1/videos/{id}",
    operation_id = "delete",
    tag = "videos",
    params(("id" = Uuid, Path, description = "The video.")),
    responses(
        (status = 202, body = VideoView),
    ),
    extensions(("x-act" = json!("change")), ("x-problems" = json!(["invalid_request", "not_found"]))),
)]
pub(crate) async fn delete_video(
    State(state): State<AppState>,
    caller: Editor,
    _: NoQuery,
    Id(id): Id,
) -> Result<(StatusCode, Json<VideoView>), ApiError> {
    let video = managed_video(&state, &caller, id).await?;
    // Why: without its provider's map nothing could delete it.
    state.providers.for_video(&video)?;
    let now = state.clock.now();
    let edit = state.store.edit_video(video.id, now, |video| {
        video.request_deletion(&state.check_times, now);
        Ok::<(), Infallible>(())
    });
    let Edit::Done(video) = edit.await? else {
        return Err(ApiError::NotFound);
    };
    // Why here: it stops at once. Where this fails, the reconciler does it before it deletes the video.
    if let Err(error) = state.store.delete_hidden_of(video.id, now).await {
        error.log("the replacement of a deleted video could not be given up");
    }
    // Why: the reconciler sleeps until a video is due, and this one is due now.
    state.wake_reconciler.notify_one();
    Ok((StatusCode::ACCEPTED, Json(VideoView::new(&state, &video))))
}
