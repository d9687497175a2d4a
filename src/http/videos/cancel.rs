//! `POST /v1/videos/{id}/cancel`: an upload ended before its file arrives.
//!
//! 1. A cancelled video is returned as it is (200). One whose file has arrived, or that is in another final status, is
//!    refused (409 `upload_finished`).
//! 2. Where the provider knows the upload, it cancels first. Its refusal or failure is the response, and nothing
//!    changes here.
//! 3. The confirmation is joined into the row, which then shows `cancelled`.
//!
//! Steps 2 and 3 run to their end even where the client goes away.

use axum::Json;
use axum::extract::State;

use super::managed::{join_observation, managed_video};
use super::view::VideoView;
use crate::domain::{Observation, ShownStatus, Video};
use crate::http::extract::{Id, NoQuery};
use crate::http::middleware::Canceller;
use crate::http::problem::ApiError;
use crate::limits::{carry_deadline, carry_permit};
use crate::provider::{CancelOutcome, DeleteOutcome, Priority, Provider, TemplateInput};
use crate::state::AppState;

/// Calls an upload off. Once the file has arrived it is too late.
#[utoipa::path(
    post,
    path = "/v1/videos/{id}/cancel",
    operation_id = "cancel",
    tag = "videos",
    params(("id" = Uuid, Path, description = "The video.")),
    responses(
        (status = 200, body = VideoView),
    ),
    extensions(("x-act" = json!("cancel")), ("x-problems" = json!([
        "invalid_request", "not_found", "upload_finished", "cancel_unsupported", "provider_rejected",
        "provider_unavailable", "provider_busy",
    ]))),
)]
pub(crate) async fn cancel_video(
    State(state): State<AppState>,
    caller: Canceller,
    _: NoQuery,
    Id(id): Id,
) -> Result<Json<VideoView>, ApiError> {
    let video = managed_video(&state, &caller, id).await?;
    let video = match video.status {
        ShownStatus::Cancelled => video,
        ShownStatus::Created | ShownStatus::Waiting => {
            let (service, owner) = (state.clone(), caller.owner().to_owned());
            let work = async move { cancel_upload(&service, video, &owner).await };
            // Why a task: it goes on to its end where the client goes away, with the request's permit and deadline.
            let done = tokio::spawn(carry_permit(carry_deadline(work))).await;
            done.map_err(|error| ApiError::Internal(Box::new(error)))??
        }
        status => return Err(ApiError::UploadFinished(status)),
    };
    Ok(Json(VideoView::new(&state, &video)))
}

/// Cancels at the provider, where it knows the video, and joins the confirmation. `owner` is the caller that the call
/// counts for.
async fn cancel_upload(state: &AppState, video: Video, owner: &str) -> Result<Video, ApiError> {
    let provider = state.providers.for_video(&video)?;
    if video.is_at_provider() {
        cancel_at_provider(state, &provider, &video, owner).await?;
    }
    let now = state.clock.now();
    let seen = Observation {
        at: Some(now),
        seen_at: now,
        cancel_confirmed: true,
        ..Observation::default()
    };
    join_observation(state, &provider, &video, seen).await
}

/// Cancels the upload at the provider. Where the provider cannot cancel uploads but has made an asset already, that
/// asset is deleted instead.
async fn cancel_at_provider(
    state: &AppState,
    provider: &Provider,
    video: &Video,
    owner: &str,
) -> Result<(), ApiError> {
    let subject = TemplateInput::from_video(video);
    let failed = |error| ApiError::from_call(error, Some(video.id));
    let now = state.clock.now();
    // Why no cancel: there is no upload, and what the provider fetches ends with the asset.
    let cancelled = if video.is_ingest {
        CancelOutcome::Unsupported
    } else {
        provider
            .cancel_upload(&subject, Priority::Request(owner), now)
            .await
            .map_err(failed)?
    };
    match cancelled {
        CancelOutcome::Cancelled | CancelOutcome::Gone => Ok(()),
        CancelOutcome::TooLate => Err(ApiError::UploadFinished(video.status)),
        CancelOutcome::Unsupported if video.known.asset_id.is_some() => {
            match provider
                .delete_asset(&subject, Priority::Request(owner), now)
                .await
                .map_err(failed)?
            {
                DeleteOutcome::Deleted | DeleteOutcome::Gone => Ok(()),
                DeleteOutcome::Unsupported => Err(ApiError::CancelUnsupported),
            }
        }
        CancelOutcome::Unsupported => Err(ApiError::CancelUnsupported),
    }
}
