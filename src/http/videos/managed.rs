//! A video as a caller reaches it: reading its row, and joining what the caller did.

use uuid::Uuid;

use crate::domain::{IdentityConflict, Observation, Video};
use crate::http::middleware::Permitted;
use crate::http::problem::ApiError;
use crate::provider::Provider;
use crate::state::AppState;
use crate::store::Edit;

/// Reads a video that the caller reaches.
///
/// # Errors
/// [`ApiError::NotFound`] where it does not exist or is not the caller's: the two look the same.
pub(super) async fn managed_video(
    state: &AppState,
    caller: &impl Permitted,
    id: Uuid,
) -> Result<Video, ApiError> {
    state
        .store
        .find_video(id)
        .await?
        .filter(|video| caller.reaches(video))
        .ok_or(ApiError::NotFound)
}

/// Joins an observation of the caller's own action ([`Video::observe`]) and returns the row as written.
pub(super) async fn join_observation(
    state: &AppState,
    provider: &Provider,
    video: &Video,
    seen: Observation,
) -> Result<Video, ApiError> {
    let now = state.clock.now();
    let edit = state.store.edit_asset(video.asset_key(), now, |video| {
        let before = video.status;
        video.observe(&seen, provider.required_ids(video.playback_policy))?;
        video.restart_schedule(before, &state.check_times, now);
        Ok(())
    });
    match edit.await? {
        Edit::Done(video) => Ok(*video),
        Edit::Missing => Err(ApiError::NotFound),
        Edit::Refused(conflict) => {
            let conflict: IdentityConflict = conflict;
            Err(ApiError::Internal(Box::new(conflict)))
        }
    }
}
