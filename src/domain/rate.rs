//! The arithmetic of a provider's rate: when the next call to an account may go out.
//!
//! [`Ledger`] is the row that every replica shares, [`Pace`] one `rate` entry of a map. All times are whole
//! microseconds of one clock: the database's, or a process's own where there is no database. The statement in
//! `store::turns` computes the same in SQL; a test holds the two together.
//!
//! In every window of `T` seconds at most `burst + per_s * T` turns begin.

/// Longest pause that a provider's 429 can set, in microseconds: an hour. A pause further ahead is a clock that jumped.
pub const LONGEST_PAUSE_US: i64 = 3_600_000_000;

/// Microseconds of a second.
const SECOND_US: f64 = 1_000_000.0;
/// Longest time between two turns, in microseconds: a day.
const LONGEST_TURN_US: f64 = 86_400.0 * SECOND_US;
/// Rate in calls per second above which a process takes several turns at once.
///
/// Why: each request for turns is a statement in the database, and a fast rate would need too many of them.
const LOTS_ABOVE_PER_S: f64 = 50.0;
/// Time that such a lot of turns covers, in seconds.
const LOT_S: f64 = 0.1;

/// One `rate` entry of a map, in whole microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Microseconds from one turn to the next, rounded up.
    pub turn_us: i64,
    /// Most microseconds that the next turn may lie behind now: `burst` turns, less the lot if that is more than one.
    pub burst_us: i64,
    /// Most microseconds that the next turn may lie ahead of now. Further ahead is a clock that jumped.
    pub ahead_us: i64,
    /// Turns that a process takes at once for its requests; 1 up to 50 calls a second.
    pub lot: u32,
}

/// The state of one `rate` entry of an account: the turns that its calls took, in microseconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// The last turn that was taken.
    pub next_us: i64,
    /// The last turn of background work that was taken while requests waited, at half the rate.
    pub background_us: i64,
    /// The last turn that a request took.
    pub requests_us: i64,
    /// End of a pause that the provider requested.
    pub paused_us: i64,
}

/// A request for turns, by one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TurnRequest {
    /// Number of turns, one after another.
    pub turns: u32,
    /// Background work: no caller waits for the turns.
    pub background: bool,
    /// The longest wait for the last of them, in microseconds.
    pub patience_us: i64,
}

/// The outcome of a [`TurnRequest`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnAnswer {
    /// The turns are taken. The last of them begins in this many microseconds, those before it one turn apart.
    Taken(i64),
    /// No turn is taken. A request in this many microseconds, at least 1, may take some.
    NotTaken(i64),
}

impl Pace {
    /// Makes the pace of `per_s` calls per second with bursts of `burst`, under which a request waits at most `wait_s`.
    pub fn new(per_s: f64, burst: f64, wait_s: f64) -> Self {
        let turn_us = truncate_us((SECOND_US / per_s).ceil().clamp(1.0, LONGEST_TURN_US));
        let burst = burst.max(1.0);
        let lot = if per_s > LOTS_ABOVE_PER_S {
            // Why: a lot is used up to one lot's time late, so its turns are kept out of the burst.
            truncate_turns((per_s * LOT_S).min(burst / 2.0).floor().max(1.0))
        } else {
            1
        };
        let spare = if lot > 1 { f64::from(lot) } else { 0.0 };
        let burst_us = turns_us(burst - spare, turn_us);
        Self {
            turn_us,
            burst_us,
            ahead_us: burst_us.saturating_add(truncate_us(wait_s * SECOND_US)),
            lot,
        }
    }
}

impl Ledger {
    /// Takes turns, or none if the wait is longer than the request allows.
    ///
    /// While requests wait, background work must have a turn of its own column too, which has half the rate and half
    /// the burst. It takes both or neither, so that no turn of the first column lies unused.
    pub fn take(&mut self, pace: &Pace, request: &TurnRequest, now_us: i64) -> TurnAnswer {
        let (turn, taken_us) = (
            pace.turn_us,
            i64::from(request.turns).saturating_mul(pace.turn_us),
        );
        let furthest = now_us.saturating_add(pace.ahead_us);
        self.requests_us = self.requests_us.min(furthest);
        let start = self
            .next_us
            .min(furthest)
            .max(now_us - pace.burst_us)
            .max(self.paused_us.min(now_us + LONGEST_PAUSE_US) - turn);
        let due = start + taken_us;
        let second = self
            .background_us
            .min(now_us)
            .max(now_us - pace.burst_us.max(2 * taken_us))
            + 2 * taken_us;
        // Why one turn more: between a request's turn and the next request's there is a moment without one.
        let requests_wait = self.requests_us + turn > now_us;
        let hold = if request.background && requests_wait {
            (second - now_us).max(0)
        } else {
            0
        };
        let wait = (due - now_us).max(0);
        if hold > 0 {
            return TurnAnswer::NotTaken(hold);
        }
        if wait > request.patience_us {
            return TurnAnswer::NotTaken(wait.max(1));
        }
        self.next_us = due;
        if !request.background {
            self.requests_us = due;
        } else if requests_wait {
            self.background_us = second;
        }
        TurnAnswer::Taken(wait)
    }

    /// Pauses the entry for `pause_us` microseconds from now on, at most [`LONGEST_PAUSE_US`]. A longer pause stands.
    pub fn pause(&mut self, pause_us: i64, now_us: i64) {
        let until = now_us + pause_us.min(LONGEST_PAUSE_US);
        self.paused_us = self.paused_us.min(now_us + LONGEST_PAUSE_US).max(until);
    }

    /// Returns the microseconds until a pause ends; 0 if there is none.
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
fn truncate_turns(turns: f64) -> u32 {
    turns as u32
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a turn is at most a day: a double holds its microseconds exactly"
)]
fn turns_us(turns: f64, turn_us: i64) -> i64 {
    // A burst of years is none that anybody means; it must not overflow where times are added.
    truncate_us((turns * turn_us as f64).floor().min(1e15))
}

#[cfg(test)]
mod tests;
