//! Time and fresh ids, as arguments: the one place that reads the system's clock.
//!
//! A leaf that every module may import; tests freeze it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::sync::watch;
use uuid::{NoContext, Timestamp, Uuid};

/// Longest sleep towards a moment: the system's clock may be set meanwhile.
const LOOK_AGAIN: Duration = Duration::from_mins(1);

/// Where the service reads the time: the system's clock, or one that a test sets by hand.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    /// Microseconds since 1970, shared by all clones.
    Manual(Arc<watch::Sender<i64>>),
}

impl Clock {
    /// The machine's clock.
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still at `at` until [`Clock::advance`] moves it.
    pub fn frozen(at: DateTime<Utc>) -> Self {
        Self(Source::Manual(Arc::new(watch::Sender::new(
            at.timestamp_micros(),
        ))))
    }

    /// Now, cut to microseconds: what both databases keep.
    pub fn now(&self) -> DateTime<Utc> {
        let micros = match &self.0 {
            Source::System => system_now().timestamp_micros(),
            Source::Manual(micros) => *micros.borrow(),
        };
        DateTime::from_timestamp_micros(micros).unwrap_or_default()
    }

    /// Starts to measure: by the machine's monotonic clock, or by this one where it stands still.
    pub fn stopwatch(&self) -> Stopwatch {
        Stopwatch(match &self.0 {
            Source::System => Started::Monotonic(Instant::now()),
            Source::Manual(micros) => Started::Manual(Arc::clone(micros), *micros.borrow()),
        })
    }

    /// Moves a frozen clock forward; does nothing to the system's.
    pub fn advance(&self, by: chrono::Duration) {
        if let Source::Manual(micros) = &self.0 {
            micros.send_modify(|micros| *micros += by.num_microseconds().unwrap_or_default());
        }
    }

    /// Waits until it is `at` by this clock; a frozen one must be moved there.
    pub async fn until(&self, at: DateTime<Utc>) {
        match &self.0 {
            Source::System => loop {
                match (at - self.now()).to_std() {
                    Ok(left) if !left.is_zero() => tokio::time::sleep(left.min(LOOK_AGAIN)).await,
                    _ => return,
                }
            },
            Source::Manual(micros) => {
                let mut moved = micros.subscribe();
                // The sender lives as long as this clock does.
                let _never_closed = moved.wait_for(|now| *now >= at.timestamp_micros()).await;
            }
        }
    }

    /// A new `UUIDv7` that carries the current time, so that ids sort by their making.
    pub fn new_id(&self) -> Uuid {
        match &self.0 {
            Source::System => fresh_v7(),
            Source::Manual(_) => {
                let now = self.now();
                let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
                // A frozen clock still has to give ids in the order of their making: so does the system's counter.
                Uuid::new_v7(Timestamp::from_unix(
                    NoContext,
                    seconds,
                    now.timestamp_subsec_nanos(),
                ))
            }
        }
    }
}

/// How long something takes. Made by [`Clock::stopwatch`].
#[derive(Debug)]
pub struct Stopwatch(Started);

#[derive(Debug)]
enum Started {
    Monotonic(Instant),
    /// The clock and what it showed.
    Manual(Arc<watch::Sender<i64>>, i64),
}

impl Stopwatch {
    /// The time since it was started.
    pub fn elapsed(&self) -> Duration {
        match &self.0 {
            Started::Monotonic(at) => at.elapsed(),
            Started::Manual(micros, at) => {
                let passed = *micros.borrow() - at;
                Duration::from_micros(u64::try_from(passed).unwrap_or_default())
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place where time enters")]
fn system_now() -> DateTime<Utc> {
    Utc::now()
}

#[expect(clippy::disallowed_methods, reason = "the one place where ids are made")]
fn fresh_v7() -> Uuid {
    Uuid::now_v7()
}
