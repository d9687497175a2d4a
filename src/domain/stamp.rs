//! Which of two reports of one fact is the fresher one, and the times that decide it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// An event may be dated this much after its first receipt. Beyond that its receipt counts.
const AHEAD: TimeDelta = TimeDelta::minutes(5);
/// From the beginning of a second to its last microsecond.
const REST_OF_SECOND: TimeDelta = TimeDelta::microseconds(999_999);

/// Which of two reports of one field wins: the greater stamp, and on equal stamps the greater value as text.
///
/// The order of the members is the order of comparison. No time sorts before every time, and an event before an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp {
    /// The time of the report, in microseconds since 1970: see [`event_time`] and [`AnswerTime`].
    pub at_us: Option<i64>,
    /// Of an answer that we fetched, and of our own reports: when it was asked for by our clock, in microseconds since
    /// 1970. None for an event.
    pub asked_us: Option<i64>,
    /// [`super::Status::rank`] of the status that came with it; 0 for none.
    pub rank: u8,
    /// The event's id at the provider; empty for an answer.
    pub event_id: String,
}

impl Stamp {
    /// The stamp of a report made `at`, under `event_id`, with a status of `rank`. `asked_at` is left out of an event.
    pub fn new(at: Option<DateTime<Utc>>, asked_at: Option<DateTime<Utc>>, rank: u8, event_id: &str) -> Self {
        let micros = |at: DateTime<Utc>| at.timestamp_micros();
        // A report of our own was made when it says that it was.
        let asked_at = asked_at.or(at).filter(|_| event_id.is_empty());
        Self {
            at_us: at.map(micros),
            asked_us: asked_at.map(micros),
            rank,
            event_id: event_id.to_owned(),
        }
    }

    /// The time of the report.
    pub fn at(&self) -> Option<DateTime<Utc>> {
        self.at_us.and_then(DateTime::from_timestamp_micros)
    }
}

/// The time that an event counts with: the provider's own, unless it lies too far after the event's first receipt.
pub fn event_time(occurred_at: Option<DateTime<Utc>>, received_at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    occurred_at.map(|at| if at - received_at > AHEAD { received_at } else { at })
}

/// When a question was asked whose answer we fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerTime {
    /// By our clock.
    pub asked_at: DateTime<Utc>,
    /// By the provider's clock, as far as it is known: what is compared with the times of its events.
    pub at: DateTime<Utc>,
}

impl AnswerTime {
    /// The time of a question that went out at `asked_at` by our clock and was answered after `took`. `date` is the
    /// provider's clock when it answered, in whole seconds.
    ///
    /// The provider was asked at most `took` before it answered, and answered within the second that it names. Our
    /// clock's time is moved into that range. Without `date` our clock stands.
    pub fn new(asked_at: DateTime<Utc>, took: Duration, date: Option<DateTime<Utc>>) -> Self {
        let at = date.map_or(asked_at, |date| {
            let took = TimeDelta::from_std(took).unwrap_or(TimeDelta::MAX);
            let first = date.checked_sub_signed(took).unwrap_or(DateTime::<Utc>::MIN_UTC);
            asked_at.clamp(first, date + REST_OF_SECOND)
        });
        Self { asked_at, at }
    }
}
