//! The outcome of an attempt to send an event, and the wait before the next one.

use chrono::{DateTime, Utc};

use super::send::Attempt;
use crate::domain::{OutgoingEvent, OutgoingState};
use crate::store::OutgoingOutcome;

/// Time after which an event is given up, from its writing or its replay ([`OutgoingEvent::since`]).
pub const TRIED_FOR: chrono::Duration = chrono::Duration::days(3);
/// The first wait between two attempts, in seconds; it doubles with each.
const FIRST_WAIT_S: i64 = 2;
/// The longest wait between two attempts, in seconds.
const LONGEST_WAIT_S: i64 = 4 * 3600;

/// Returns the outcome of an attempt: 2xx is delivered; 410 gives the event up and disables the endpoint; everything
/// else is tried again, at the latest when [`TRIED_FOR`] ends, and given up after that.
pub(super) fn outcome_of(event: &OutgoingEvent, attempt: &Attempt, now: DateTime<Utc>) -> OutgoingOutcome {
    let answer_status = attempt.status.map(i32::from);
    let gone = attempt.status == Some(410);
    let delivered = attempt.status.is_some_and(|status| (200..300).contains(&status));
    let end = event.since + TRIED_FOR;
    let state = if delivered {
        OutgoingState::Delivered
    } else if gone || now >= end {
        OutgoingState::GivenUp
    } else {
        OutgoingState::Pending
    };
    // Why the minimum: the last attempt is made at the very end, not up to four hours before it.
    let next = (now + backoff(event).max(attempt.retry_after)).min(end);
    OutgoingOutcome {
        id: event.id,
        state,
        next_attempt_at: (state == OutgoingState::Pending).then_some(next),
        answer_status,
        error: (!delivered).then(|| attempt.problem.clone()),
        disable: gone,
    }
}

/// Returns the wait after an attempt: 2 s, 4 s, 8 s … up to four hours, and up to a tenth more by the event's id.
///
/// Why the tenth: events that failed together do not come back together.
fn backoff(event: &OutgoingEvent) -> chrono::Duration {
    let seconds = FIRST_WAIT_S << event.attempts.clamp(0, 20);
    let millis = seconds.min(LONGEST_WAIT_S) * 1000;
    let (_, random) = event.id.as_u64_pair();
    let spread = i64::try_from(random % 1000).unwrap_or_default();
    chrono::Duration::milliseconds(millis + millis / 10 * spread / 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(attempts: i32, at: DateTime<Utc>) -> OutgoingEvent {
        OutgoingEvent {
            id: uuid::Uuid::nil(),
            event_id: uuid::Uuid::nil(),
            endpoint: String::new(),
            video_id: uuid::Uuid::nil(),
            version: 1,
            event_type: String::new(),
            payload: String::new(),
            state: OutgoingState::Pending,
            attempts,
            next_attempt_at: Some(at),
            answer_status: None,
            error: None,
            created_at: at,
            since: at,
            finished_at: None,
        }
    }

    #[test]
    fn it_is_tried_later_and_later_and_given_up_after_three_days() {
        let begin = DateTime::from_timestamp(1_780_000_000, 0).unwrap();
        let failed = Attempt {
            status: Some(500),
            problem: "it answered 500".to_owned(),
            retry_after: chrono::Duration::zero(),
        };
        let (mut now, mut waits) = (begin, Vec::new());
        let given_up = loop {
            let event = event(i32::try_from(waits.len()).unwrap(), begin);
            let outcome = outcome_of(&event, &failed, now);
            let Some(next) = outcome.next_attempt_at else {
                break outcome;
            };
            waits.push((next - now).num_seconds());
            now = next;
        };
        assert_eq!(given_up.state, OutgoingState::GivenUp);
        assert_eq!(now - begin, TRIED_FOR);
        assert_eq!(waits[..4], [2, 4, 8, 16]);
        assert!((25..40).contains(&waits.len()), "{waits:?}");
    }
}
