//! Taking a move back by the old file, while it is there.

use super::next::Next;
use crate::domain::{Move, MoveState, Video};
use crate::jobs::replace;
use crate::state::AppState;
use crate::store::{Exchanged, StoreError};

/// The outcome of [`undo`].
pub(super) enum Undone {
    /// The wish has ended: by the exchange, or by a reason against it.
    Ended(Next),
    /// The old file is not there any more.
    OldFileGone,
}

/// Exchanges the video's asset with the one that the move put aside.
///
/// # Errors
/// The database fails.
pub(super) async fn undo(state: &AppState, wish: &Move, video: &Video) -> Result<Undone, StoreError> {
    let hidden = state.store.find_hidden_of(video.id).await?;
    let last = hidden
        .iter()
        .filter(|row| row.exchanged_at.is_some())
        .max_by_key(|row| (row.exchanged_at, row.id));
    if last.is_none_or(|row| row.provider != wish.to_provider) {
        return gone_or_never_there(state, wish, video).await;
    }
    Ok(match replace::undo(state, video.id).await? {
        Exchanged::Done(_) => Undone::Ended(Next::End(MoveState::Done, None)),
        Exchanged::Ending | Exchanged::Missing => Undone::Ended(Next::skip("the video is deleted")),
        Exchanged::InProgress => Undone::Ended(Next::skip("another replacement of the video is under way")),
        Exchanged::Already | Exchanged::NotReady => Undone::OldFileGone,
    })
}

/// Returns whether the video was ever where it is to go back to; else there is nothing to undo.
async fn gone_or_never_there(state: &AppState, wish: &Move, video: &Video) -> Result<Undone, StoreError> {
    let was_there = state
        .store
        .has_moved(video.id, (&wish.to_provider, &wish.from_provider))
        .await?;
    Ok(if was_there {
        Undone::OldFileGone
    } else {
        Undone::Ended(Next::skip(format!(
            "no move from {} is known that could be undone; move it there instead",
            wish.to_provider
        )))
    })
}
