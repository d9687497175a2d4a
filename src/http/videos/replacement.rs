//! `DELETE /v1/videos/{id}/replacement`: a replacement given up.
//!
//! 1. The deletion of the hidden row's asset is requested, and the video shows no replacement any more, in one write.
//!    Outcomes: done (202); there is none (404); it has taken the video's place already (409).
//! 2. The reconciler deletes at the provider until that confirms ([`crate::jobs::reconcile`]).

use axum::Json;
use axum::extract::State;
use http::StatusCode;

use super::managed::managed_video;
use super::view::VideoView;
use crate::http::extract::{Id, NoQuery};
use crate::http::middleware::Editor;
use crate::http::problem::ApiError;
use crate::state::AppState;
use crate::store::GivenUp;

/// Gives a replacement up: the video stays as it is, and what was made of the new file is deleted.
#[utoipa::path(
    delete,
    path = "/v1/videos/{id}/replacement",
    operation_id = "give_up_replacement",
    tag = "videos",
    params(("id" = Uuid, Path, description = "The video.")),
    responses(
        (status = 202, body = VideoView),
    ),
    extensions(("x-act" = json!("change")), ("x-problems" = json!(["invalid_request", "not_found", "upload_finished"]))),
)]
pub(crate) async fn give_up_replacement(
    State(state): State<AppState>,
    caller: Editor,
    _: NoQuery,
    Id(id): Id,
) -> Result<(StatusCode, Json<VideoView>), ApiError> {
    let video = managed_video(&state, &caller, id).await?;
    match state.store.give_up_replacement(id, state.clock.now()).await? {
        GivenUp::Done(video) => {
            // Why: the reconciler sleeps until a row is due, and the hidden one is due now.
            state.wake_reconciler.notify_one();
            Ok((StatusCode::ACCEPTED, Json(VideoView::new(&state, &video))))
        }
        GivenUp::Exchanged => Err(ApiError::ReplacementFinished(video.status)),
        GivenUp::Missing => Err(ApiError::NotFound),
    }
}
