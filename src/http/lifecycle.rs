//! The end of a video: cancelled before its file came, or deleted.

use axum::Json;
use axum::extract::State;
use http::StatusCode;

use super::error::ApiError;
use super::extract::{Id, NoQuery};
use super::videos::managed;
use super::view::VideoView;
use crate::auth::Caller;
use crate::domain::{Observation, ShownStatus, Video};
use crate::limits::{carry_deadline, carry_permit};
use crate::provider::{CancelOutcome, DeleteOutcome, Priority, Provider, Subject};
use crate::state::AppState;
use crate::store::Edit;

/// Calls an upload off. Once the file has arrived it is too late.
#[utoipa::path(
    post,
    path = "/v1/videos/{id}/cancel",
    tag = "videos",
    params(("id" = Uuid, Path, description = "The video.")),
    responses(
        (status = 200, body = VideoView),
    ),
    extensions(("x-problems" = json!([
        "invalid_request", "not_found", "upload_finished", "cancel_unsupported", "provider_rejected",
        "provider_unavailable", "provider_busy",
    ]))),
)]
pub(crate) async fn cancel(
    State(state): State<AppState>,
    caller: Caller,
    _: NoQuery,
    Id(id): Id,
) -> Result<Json<VideoView>, ApiError> {
    let video = managed(&state, &caller, id).await?;
    let video = match video.status {
        ShownStatus::Cancelled => video,
        // Goes on to its end where the caller goes away.
        ShownStatus::Created | ShownStatus::Waiting => {
            let (state, asker) = (state.clone(), caller.owner().to_owned());
            let work = async move { call_off(&state, video, &asker).await };
            let done = tokio::spawn(carry_permit(carry_deadline(work))).await;
            done.map_err(|error| ApiError::Internal(Box::new(error)))??
        }
        status => return Err(ApiError::UploadFinished(status)),
    };
    Ok(Json(VideoView::of(&state, &video)))
}

async fn call_off(state: &AppState, video: Video, asker: &str) -> Result<Video, ApiError> {
    let provider = state.providers.of(&video)?;
    if video.is_at_provider() {
        at_provider(state, &provider, &video, asker).await?;
    }
    let now = state.clock.now();
    let seen = Observation {
        at: Some(now),
        seen_at: now,
        cancel_confirmed: true,
        ..Observation::default()
    };
    observe(state, &provider, &video, seen).await
}

/// The provider's word on it: nothing of ours changes without it.
async fn at_provider(
    state: &AppState,
    provider: &Provider,
    video: &Video,
    asker: &str,
) -> Result<(), ApiError> {
    let subject = Subject::of_video(video);
    let failed = |error| ApiError::of_call(error, Some(video.id));
    let now = state.clock.now();
    match provider
        .cancel_upload(&subject, Priority::Request(asker), now)
        .await
        .map_err(failed)?
    {
        CancelOutcome::Cancelled | CancelOutcome::Gone => Ok(()),
        CancelOutcome::TooLate => Err(ApiError::UploadFinished(video.status)),
        CancelOutcome::Unsupported if video.known.asset_id.is_some() => {
            match provider
                .delete_asset(&subject, Priority::Request(asker), now)
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

/// Deletes a video: it stops playing at once, and its provider is asked until it confirms.
#[utoipa::path(
    delete,
    path = "/v1/videos/{id}",
    tag = "videos",
    params(("id" = Uuid, Path, description = "The video.")),
    responses(
        (status = 202, body = VideoView),
    ),
    extensions(("x-problems" = json!(["invalid_request", "not_found"]))),
)]
pub(crate) async fn delete(
    State(state): State<AppState>,
    caller: Caller,
    _: NoQuery,
    Id(id): Id,
) -> Result<(StatusCode, Json<VideoView>), ApiError> {
    let video = managed(&state, &caller, id).await?;
    let provider = state.providers.of(&video)?;
    let now = state.clock.now();
    let seen = Observation {
        at: Some(now),
        seen_at: now,
        delete_requested: true,
        ..Observation::default()
    };
    let video = observe(&state, &provider, &video, seen).await?;
    state.due.notify_one();
    Ok((StatusCode::ACCEPTED, Json(VideoView::of(&state, &video))))
}

/// Joins what the caller did. A deletion is due at once.
async fn observe(
    state: &AppState,
    provider: &Provider,
    video: &Video,
    seen: Observation,
) -> Result<Video, ApiError> {
    let now = state.clock.now();
    let edit = state.store.edit_video(video.id, now, |video| {
        let before = video.status;
        video.observe(&seen, provider.needs(video.playback_policy))?;
        video.reschedule(before, &state.check_times, now);
        if seen.delete_requested && before != ShownStatus::Deleting {
            video.check_at = Some(now);
        }
        Ok(())
    });
    match edit.await? {
        Edit::Done(video) => Ok(*video),
        Edit::Missing => Err(ApiError::NotFound),
        Edit::Refused(conflict) => {
            let conflict: crate::domain::IdentityConflict = conflict;
            Err(ApiError::Internal(Box::new(conflict)))
        }
    }
}
