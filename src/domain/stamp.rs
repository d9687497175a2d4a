//! Stamps: the order of reports of one fact, and the times that decide it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// Most time by which an event may be dated after its first receipt. Beyond that its receipt counts.
// Why: a provider's clock may run ahead a little, but a date far in the future would win against every later report.
const MAX_AHEAD: TimeDelta = TimeDelta::minutes(5);
/// Time from the beginning of a second to its last microsecond. Stamps have microseconds.
const REST_OF_SECOND: TimeDelta = TimeDelta::microseconds(999_999);

/// The rank of a report of one [`Field`](super::Field): the report with the greater stamp wins, and on equal stamps the
/// one with the greater value as text ([`Facts::join`](super::Facts::join)).
///
/// The members are compared in their order here. No time sorts before every time, and an event before an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp {
    /// The time of the report, in microseconds since 1970: see [`event_time`] and [`AnswerTime`].
    pub at_us: Option<i64>,
    /// Time of the query ([`AnswerTime::asked_at`]), in microseconds since 1970, for an answer that was fetched and for
    /// this service's own reports. `None` for an event.
    pub asked_us: Option<i64>,
    /// [`Status::rank`](super::Status::rank) of the status that came with it; 0 for none.
    pub rank: u8,
    /// The event's id at the provider; empty for an answer.
    pub event_id: String,
}

impl Stamp {
    /// Makes the [`Stamp`] of a report made `at`, under `event_id`, with a status of `rank`. An event, whose `event_id`
    /// is not empty, takes no `asked_at`.
    pub fn new(at: Option<DateTime<Utc>>, asked_at: Option<DateTime<Utc>>, rank: u8, event_id: &str) -> Self {
        let micros = |at: DateTime<Utc>| at.timestamp_micros();
        // Why: a report of this service's own has no query, and was made when it says that it was.
        let asked_at = asked_at.or(at).filter(|_| event_id.is_empty());
        Self {
            at_us: at.map(micros),
            asked_us: asked_at.map(micros),
            rank,
            event_id: event_id.to_owned(),
        }
    }

    /// Returns the time of the report.
    pub fn at(&self) -> Option<DateTime<Utc>> {
        self.at_us.and_then(DateTime::from_timestamp_micros)
    }
}

/// Returns the time that an event counts with: the provider's own, or the first receipt if the provider's lies more
/// than five minutes after it. `None` if the provider gave none.
pub fn event_time(occurred_at: Option<DateTime<Utc>>, received_at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    occurred_at.map(|at| {
        if at - received_at > MAX_AHEAD {
            received_at
        } else {
            at
        }
    })
}

/// The time of a query to a provider, by both clocks. It makes the [`Stamp`] of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerTime {
    /// Time of the query by this service's clock.
    pub asked_at: DateTime<Utc>,
    /// Time of the query by the provider's clock, as far as that is known. It is compared with the times of events.
    pub at: DateTime<Utc>,
}

impl AnswerTime {
    /// Makes the time of a query that went out at `asked_at` by this service's clock and was answered after `took`.
    /// `date` is the provider's clock when it answered, in whole seconds.
    ///
    /// The query reached the provider at most `took` before the answer, and the answer was given within the second that
    /// `date` names. This clock's time is moved into that range: clamped to [date − took, end of that second]. Without
    /// `date` it stands.
    pub fn new(asked_at: DateTime<Utc>, took: Duration, date: Option<DateTime<Utc>>) -> Self {
        let at = date.map_or(asked_at, |date| {
            let took = TimeDelta::from_std(took).unwrap_or(TimeDelta::MAX);
            let first = date.checked_sub_signed(took).unwrap_or(DateTime::<Utc>::MIN_UTC);
            asked_at.clamp(first, date + REST_OF_SECOND)
        });
        Self { asked_at, at }
    }
}
