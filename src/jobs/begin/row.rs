//! The row of a new video: found again, or inserted within the limits.

use uuid::Uuid;

use super::error::BeginError;
use crate::domain::{ShownStatus, Video};
use crate::state::AppState;
use crate::store::{CountedLimits, Inserted, ReplacementInserted, StoreError};

/// Reads the row that an interrupted request with the same `Idempotency-Key` left, if any.
pub(super) async fn find_interrupted(
    state: &AppState,
    id: Uuid,
    is_claimed: bool,
) -> Result<Option<Video>, StoreError> {
    // Why: without a claim the id was made a moment ago, and the read can be saved.
    if !is_claimed {
        return Ok(None);
    }
    state.store.find_video(id).await
}

/// Tells whether the steps of an interrupted row can be continued.
///
/// Why not always: where a webhook brought the ids of an upload whose response was never stored, its URL is
/// lost, and only a new video can get another.
pub(super) fn can_continue(row: &Video) -> bool {
    !row.is_ingest
        && matches!(row.status, ShownStatus::Created | ShownStatus::Waiting)
        && (row.steps > 0 || !row.is_at_provider())
}

/// Tells whether an interrupted row is an ingest that goes on: its provider was asked, or may have been.
pub(super) fn is_begun_ingest(row: &Video) -> bool {
    row.is_ingest
        && matches!(
            row.status,
            ShownStatus::Created | ShownStatus::Waiting | ShownStatus::Preparing | ShownStatus::Ready
        )
}

/// Inserts the row of a new video, or the hidden row of a replacement, whose provider was not asked yet, unless its owner is
/// being erased. A replacement takes the place of `instead_of`, the row that an interrupted request left.
///
/// # Errors
/// The limit that the owner or the token has reached, the erasure, or why the video cannot be replaced now.
pub(super) async fn insert_row(
    state: &AppState,
    video: &Video,
    counted: &CountedLimits,
    instead_of: Option<Uuid>,
) -> Result<(), BeginError> {
    let now = state.clock.now();
    let inserted = if video.is_hidden() {
        let inserted = state
            .store
            .insert_replacement(video, instead_of, counted, now)
            .await?;
        match inserted {
            ReplacementInserted::Written(_) => Inserted::Written,
            ReplacementInserted::Limited(refused) => refused,
            ReplacementInserted::InProgress => return Err(BeginError::ReplacementInProgress),
            ReplacementInserted::NotReady(status) => return Err(BeginError::NotReplaceable(status)),
            ReplacementInserted::NotFound => return Err(BeginError::NothingToReplace),
        }
    } else {
        state.store.insert_video_within(video, counted, now).await?
    };
    match inserted {
        Inserted::Written => remove_where_erasing(state, video).await,
        Inserted::TooManyOpen(limit) => Err(BeginError::TooManyOpen(limit)),
        Inserted::TokenUsedUp => Err(BeginError::TokenUsedUp),
        Inserted::OverQuota(over) => Err(BeginError::OverQuota(over)),
    }
}

/// Removes the row that has just been written where its owner is being erased.
// Why once more: the erasure may have begun since the first check. Its job either finds the row, or had looked before the
// row was written; then the order was there before this look.
async fn remove_where_erasing(state: &AppState, video: &Video) -> Result<(), BeginError> {
    if state.is_erasing(&video.owner).await? {
        state.store.remove_unbegun_video(video.id).await?;
        return Err(BeginError::Erasing);
    }
    Ok(())
}
