//! The arithmetic of a provider's rate: when the next call to an account may go out.
//!
//! A *permit* is the right to make one call from a given time on. [`Pace`] is one `rate` entry of a map, [`Ledger`] its
//! state: the row that every replica shares. All times are whole microseconds of one clock: the database's, or the
//! process's own without a database. The statement in `store::turns` computes the same in SQL; a test holds the two
//! together.
//!
//! In every window of `T` seconds at most `burst + per_s * T` permits begin.
//!
//! One request for permits takes these steps ([`Ledger::take_permits`]):
//!
//! 1. The next permit begins one interval after the last, but at most a burst behind now, and not within a pause. A
//!    time further ahead than [`Pace::ahead_us`] comes from a clock that jumped, and is cut.
//! 2. Background work also needs a permit of a second column while requests wait. That column has half the rate, so
//!    background work gets at most half of the rate while requests wait, and all that they leave else.
//! 3. If the last permit would begin after the request's patience, none is taken ([`PermitOutcome::NotTaken`]).
//! 4. Else the state moves on ([`PermitOutcome::Taken`]).

/// Longest pause that a provider's 429 can set, in microseconds: an hour. A pause further ahead is a clock that jumped.
pub const LONGEST_PAUSE_US: i64 = 3_600_000_000;

/// Microseconds of a second.
const SECOND_US: f64 = 1_000_000.0;
/// Longest time between two permits, in microseconds: a day.
const LONGEST_INTERVAL_US: f64 = 86_400.0 * SECOND_US;
/// Rate in calls per second above which a process takes several permits at once.
// Why: each request for permits is a statement in the database, and a fast rate would need too many of them.
const BATCHES_ABOVE_PER_S: f64 = 50.0;
/// Time that the permits of [`Pace::batch`] cover, in seconds.
const BATCH_S: f64 = 0.1;

/// One `rate` entry of a map, in whole microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Microseconds from one permit to the next, rounded up.
    pub interval_us: i64,
    /// Most microseconds that the next permit may lie behind now: `burst` permits, less [`Pace::batch`] if that is
    /// above 1.
    pub burst_us: i64,
    /// Most microseconds that the next permit may lie ahead of now. Further ahead is a clock that jumped.
    pub ahead_us: i64,
    /// Number of permits that a process takes at once for its requests; 1 up to 50 calls per second.
    pub batch: u32,
}

/// The state of one [`Pace`] of an account: the permits that its calls took, in microseconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Begin of the last permit that was taken.
    pub next_us: i64,
    /// Begin of the last permit in the column of background work, which counts only while requests wait.
    pub background_us: i64,
    /// Begin of the last permit that a request took: requests wait as long as it lies ahead.
    pub requests_us: i64,
    /// End of a pause that the provider requested.
    pub paused_us: i64,
}

/// A request for permits, by one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PermitRequest {
    /// Number of permits, one after another.
    pub permits: u32,
    /// Background work: no caller waits for the permits.
    pub background: bool,
    /// The longest wait for the last of them, in microseconds.
    pub patience_us: i64,
}

/// The outcome of a [`PermitRequest`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PermitOutcome {
    /// The permits are taken. The last of them begins in this many microseconds, those before it one interval apart.
    Taken(i64),
    /// No permit is taken. A request in this many microseconds, at least 1, may take some.
    NotTaken(i64),
}

impl Pace {
    /// Makes the [`Pace`] of `per_s` calls per second with bursts of `burst`, under which a request waits at most
    /// `wait_s`.
    pub fn new(per_s: f64, burst: f64, wait_s: f64) -> Self {
        let interval_us = truncate_us((SECOND_US / per_s).ceil().clamp(1.0, LONGEST_INTERVAL_US));
        let burst = burst.max(1.0);
        let batch = if per_s > BATCHES_ABOVE_PER_S {
            // Why: a permit of a batch is used up to a batch's time late, so a batch is kept out of the burst.
            truncate_permits((per_s * BATCH_S).min(burst / 2.0).floor().max(1.0))
        } else {
            1
        };
        let spare = if batch > 1 { f64::from(batch) } else { 0.0 };
        let burst_us = permits_us(burst - spare, interval_us);
        Self {
            interval_us,
            burst_us,
            ahead_us: burst_us.saturating_add(truncate_us(wait_s * SECOND_US)),
            batch,
        }
    }
}

impl Ledger {
    /// Takes permits, or none if the wait is longer than the request allows. The module doc has the steps.
    pub fn take_permits(&mut self, pace: &Pace, request: &PermitRequest, now_us: i64) -> PermitOutcome {
        let (turn, taken_us) = (
            pace.interval_us,
            i64::from(request.permits).saturating_mul(pace.interval_us),
        );
        let furthest = now_us.saturating_add(pace.ahead_us);
        self.requests_us = self.requests_us.min(furthest);
        let start = self
            .next_us
            .min(furthest)
            .max(now_us - pace.burst_us)
            .max(self.paused_us.min(now_us + LONGEST_PAUSE_US) - turn);
        let due = start + taken_us;
        // Why twice: the second column has half the rate, and half the burst.
        let second = self
            .background_us
            .min(now_us)
            .max(now_us - pace.burst_us.max(2 * taken_us))
            + 2 * taken_us;
        // Why one interval more: between a request's permit and the next request's there is a moment without one.
        let requests_wait = self.requests_us + turn > now_us;
        let hold = if request.background && requests_wait {
            (second - now_us).max(0)
        } else {
            0
        };
        let wait = (due - now_us).max(0);
        // Why before anything is taken: a permit of the first column that had to wait for the second would lie unused.
        if hold > 0 {
            return PermitOutcome::NotTaken(hold);
        }
        if wait > request.patience_us {
            return PermitOutcome::NotTaken(wait.max(1));
        }
        self.next_us = due;
        if !request.background {
            self.requests_us = due;
        } else if requests_wait {
            self.background_us = second;
        }
        PermitOutcome::Taken(wait)
    }

    /// Pauses the entry for `pause_us` microseconds from now on, at most [`LONGEST_PAUSE_US`]. A longer pause stands.
    pub fn pause(&mut self, pause_us: i64, now_us: i64) {
        let until = now_us + pause_us.min(LONGEST_PAUSE_US);
        self.paused_us = self.paused_us.min(now_us + LONGEST_PAUSE_US).max(until);
    }

    /// Returns the microseconds until a pause ([`Ledger::pause`]) ends; 0 if there is none.
    pub fn paused_for_us(&self, now_us: i64) -> i64 {
        (self.paused_us - now_us).clamp(0, LONGEST_PAUSE_US)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "saturates; every value lies far within an i64"
)]
fn truncate_us(us: f64) -> i64 {
    us as i64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturates; never below 1"
)]
fn truncate_permits(permits: f64) -> u32 {
    permits as u32
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a turn is at most a day: a double holds its microseconds exactly"
)]
fn permits_us(permits: f64, turn_us: i64) -> i64 {
    // Why the limit: a burst of years must not overflow where it is added to a time.
    truncate_us((permits * turn_us as f64).floor().min(1e15))
}

#[cfg(test)]
mod tests;
