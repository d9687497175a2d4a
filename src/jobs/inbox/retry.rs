//! Retries of events that could not be applied.

use chrono::{DateTime, Utc};

use crate::domain::{EventState, InboxEvent};
use crate::state::AppState;
use crate::store::EventOutcome;

/// Longest wait between two attempts at an event, in seconds.
const LONGEST_BACKOFF_S: i64 = 3600;

/// Returns the outcome of a failed attempt: pending, after 2 s, 4 s, 8 s … up to an hour; or given up after
/// `inbox.max_attempts` attempts.
pub(super) fn retry_later(
    state: &AppState,
    event: &InboxEvent,
    now: DateTime<Utc>,
    error: String,
) -> EventOutcome {
    let attempts = event.attempts + 1;
    let is_last = attempts >= i32::try_from(state.settings.inbox.max_attempts).unwrap_or(i32::MAX);
    let wait = chrono::Duration::seconds((1_i64 << attempts.clamp(0, 20)).min(LONGEST_BACKOFF_S));
    EventOutcome {
        state: if is_last {
            EventState::GivenUp
        } else {
            EventState::Pending
        },
        attempts,
        next_attempt_at: (!is_last).then_some(now + wait),
        error: Some(error),
        ..EventOutcome::leave_as_is(event)
    }
}
