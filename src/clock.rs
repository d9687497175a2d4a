//! Time and new ids as arguments: the one place that reads the system's clock.
//!
//! A leaf that every module may import. Tests freeze the clock; a lint forbids other modules to read the time
//! themselves.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::sync::watch;
use uuid::{NoContext, Timestamp, Uuid};

/// Longest single sleep in [`Clock::sleep_until`].
// Why: the system's clock may be set during a sleep, and a sleep does not notice.
const LONGEST_SLEEP: Duration = Duration::from_mins(1);

/// The clock of the service: the system's, one that runs ahead of it, or one that a test sets by hand. Clones share what is
/// set.
#[derive(Clone, Debug)]
pub struct Clock(Source);

/// The source of the time.
#[derive(Clone, Debug)]
enum Source {
    /// The system's clock.
    System,
    /// Microseconds by which the clock is ahead of the system's, shared by all clones.
    Ahead(Arc<watch::Sender<i64>>),
    /// Microseconds since 1970, shared by all clones.
    Manual(Arc<watch::Sender<i64>>),
}

impl Clock {
    /// Returns the system's clock.
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// Makes a clock that runs with the system's, and that [`Clock::advance`] moves ahead of it.
    pub fn movable() -> Self {
        Self(Source::Ahead(Arc::new(watch::Sender::new(0))))
    }

    /// Makes a clock that stands still at `at` until [`Clock::advance`] moves it.
    pub fn frozen(at: DateTime<Utc>) -> Self {
        Self(Source::Manual(Arc::new(watch::Sender::new(
            at.timestamp_micros(),
        ))))
    }

    /// Returns the current time, cut to microseconds: both databases store no more.
    pub fn now(&self) -> DateTime<Utc> {
        let micros = match &self.0 {
            Source::System => system_now().timestamp_micros(),
            Source::Ahead(by) => system_now().timestamp_micros().saturating_add(*by.borrow()),
            Source::Manual(micros) => *micros.borrow(),
        };
        DateTime::from_timestamp_micros(micros).unwrap_or_default()
    }

    /// Returns the time on the clocks of other systems: of a movable clock, the time without what [`Clock::advance`] has
    /// added.
    pub fn outside_now(&self) -> DateTime<Utc> {
        match &self.0 {
            Source::Ahead(_) => Self::system().now(),
            Source::System | Source::Manual(_) => self.now(),
        }
    }

    /// Starts a stopwatch: by the monotonic clock of the system, or by this clock where it is frozen.
    pub fn start_stopwatch(&self) -> Stopwatch {
        Stopwatch(match &self.0 {
            Source::System | Source::Ahead(_) => Started::Monotonic(Instant::now()),
            Source::Manual(micros) => Started::Manual(Arc::clone(micros), *micros.borrow()),
        })
    }

    /// Moves a movable or frozen clock forward and wakes what waits for it. Does nothing to the system's clock.
    pub fn advance(&self, by: chrono::Duration) {
        if let Source::Ahead(micros) | Source::Manual(micros) = &self.0 {
            micros.send_modify(|micros| {
                *micros = micros.saturating_add(by.num_microseconds().unwrap_or_default());
            });
        }
    }

    /// Takes a movable clock back to the system's time. Does nothing to the other ones.
    pub fn rejoin_system(&self) {
        if let Source::Ahead(by) = &self.0 {
            by.send_replace(0);
        }
    }

    /// Waits until this clock shows `at`. A frozen clock must be moved there.
    pub async fn sleep_until(&self, at: DateTime<Utc>) {
        match &self.0 {
            Source::System => {
                while let Some(left) = self.time_left(at) {
                    tokio::time::sleep(left).await;
                }
            }
            Source::Ahead(by) => {
                let mut moved = by.subscribe();
                while let Some(left) = self.time_left(at) {
                    tokio::select! {
                        () = tokio::time::sleep(left) => {}
                        // Why ignored: as below.
                        _never_closed = moved.changed() => {}
                    }
                }
            }
            Source::Manual(micros) => {
                let mut moved = micros.subscribe();
                // Why ignored: it fails only without a sender, and this clock holds one.
                let _never_closed = moved.wait_for(|now| *now >= at.timestamp_micros()).await;
            }
        }
    }

    /// Returns the next sleep of [`Clock::sleep_until`], or `None` once the clock shows `at`.
    fn time_left(&self, at: DateTime<Utc>) -> Option<Duration> {
        let left = (at - self.now()).to_std().ok()?;
        (!left.is_zero()).then(|| left.min(LONGEST_SLEEP))
    }

    /// Makes a `UUIDv7` with the current time, so that ids sort by the time when they were made.
    pub fn new_id(&self) -> Uuid {
        match &self.0 {
            Source::System | Source::Ahead(_) => fresh_v7(),
            Source::Manual(_) => {
                let now = self.now();
                let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
                Uuid::new_v7(Timestamp::from_unix(
                    NoContext,
                    seconds,
                    now.timestamp_subsec_nanos(),
                ))
            }
        }
    }
}

/// Measures a duration. [`Clock::start_stopwatch`] makes it.
#[derive(Debug)]
pub struct Stopwatch(Started);

/// The start of a measurement.
#[derive(Debug)]
enum Started {
    /// By the monotonic clock of the system.
    Monotonic(Instant),
    /// By a frozen clock: the clock, and its microseconds at the start.
    Manual(Arc<watch::Sender<i64>>, i64),
}

impl Stopwatch {
    /// Returns the time since the start.
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

/// Reads the system's clock.
#[expect(clippy::disallowed_methods, reason = "the one place where time enters")]
fn system_now() -> DateTime<Utc> {
    Utc::now()
}

/// Makes an id with the system's time and the counter of the `uuid` crate, which keeps the order within a millisecond.
#[expect(clippy::disallowed_methods, reason = "the one place where ids are made")]
fn fresh_v7() -> Uuid {
    Uuid::now_v7()
}
