//! Refusing new videos of an owner that is being erased ([`crate::jobs::erasure`]).

use super::problem::ApiError;
use crate::state::AppState;

/// Checks that the owner is not being erased. To be called before anything of the request is written.
pub(super) async fn check_not_erasing(state: &AppState, owner: &str) -> Result<(), ApiError> {
    if state.is_erasing(owner).await? {
        return Err(ApiError::ERASING);
    }
    Ok(())
}

/// Has the erasure of the owner, where there is one, find a row that was just written.
pub(super) async fn erase_late_video(state: &AppState, owner: &str) -> Result<(), ApiError> {
    let hash = state.hash_owner(owner).await?;
    if state.store.has_erasure(&hash).await? {
        state.store.begin_erasure(&hash, owner, state.clock.now()).await?;
        return Err(ApiError::ERASING);
    }
    Ok(())
}
