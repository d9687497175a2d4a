//! What follows a step.

use std::time::Duration;

use crate::domain::{Move, MoveState};

/// Life of a wish's lease, in seconds: longer than its calls usually wait for the provider's rate. Two workers at one wish do
/// no harm, see step 3 of the module.
pub(super) const LEASE_S: i64 = 120;
/// Files that are begun for one wish.
const TRIES: i32 = 5;
/// Wait before the second file; each later one waits twice as long.
const FIRST_RETRY: Duration = Duration::from_secs(10);

/// What follows a step.
pub(super) enum Next {
    /// The wish is due again after this time.
    Again(Duration),
    /// The wish has ended.
    End(MoveState, Option<String>),
    /// Another worker has the wish.
    Lost,
}

impl Next {
    pub(super) fn skip(reason: impl Into<String>) -> Self {
        Self::End(MoveState::Skipped, Some(reason.into()))
    }

    pub(super) fn fail(reason: impl Into<String>) -> Self {
        Self::End(MoveState::Failed, Some(reason.into()))
    }

    /// Begins from the start with another file; after [`TRIES`] files the wish has failed for the last reason.
    pub(super) fn retry(wish: &mut Move, reason: impl Into<String>) -> Self {
        wish.tries += 1;
        wish.hidden_id = None;
        wish.state = MoveState::Wanted;
        if wish.tries >= TRIES {
            return Self::fail(reason);
        }
        let doublings = u32::try_from(wish.tries - 1).unwrap_or_default();
        Self::Again(FIRST_RETRY * 2_u32.saturating_pow(doublings))
    }
}
