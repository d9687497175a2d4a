//! Refusing new videos of an owner that is being erased ([`crate::jobs::erasure`]).

use super::problem::ApiError;
use crate::domain::Video;
use crate::state::AppState;

const REFUSAL: ApiError = ApiError::Forbidden("This owner is being erased.");

/// Checks that the owner is not being erased. To be called before anything of the request is written.
pub(super) async fn check_not_erasing(state: &AppState, owner: &str) -> Result<(), ApiError> {
    if state.is_erasing(owner).await? {
        return Err(REFUSAL);
    }
    Ok(())
}

/// Removes the row of a video that has just been written, and whose provider was not asked yet, where its owner is being
/// erased.
// Why once more: the erasure may have begun since the first check. Its job either finds the row, or had looked before the
// row was written; then the order was there before this look.
pub(super) async fn remove_where_erasing(state: &AppState, video: &Video) -> Result<(), ApiError> {
    if state.is_erasing(&video.owner).await? {
        state.store.remove_unbegun_video(video.id).await?;
        return Err(REFUSAL);
    }
    Ok(())
}

/// Has the erasure of the owner, where there is one, find a row that was just written.
pub(super) async fn erase_late_video(state: &AppState, owner: &str) -> Result<(), ApiError> {
    let hash = state.hash_owner(owner).await?;
    if state.store.has_erasure(&hash).await? {
        state.store.begin_erasure(&hash, owner, state.clock.now()).await?;
        return Err(REFUSAL);
    }
    Ok(())
}
