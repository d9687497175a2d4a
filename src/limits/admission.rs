//! How much is done at the same time: as much as can be answered in good time, measured as it goes.
//!
//! A request has a *place* while it is worked on. How many places there are follows from how long the answers take: with
//! more at the same time than the bottleneck (processors, database, provider) can do, each only takes longer, so their
//! number goes down until an answer takes at most twice as long as when nobody else asks.
//!
//! Where no place is free, requests wait. As long as all of them will have one soon, the first one is the first. When more
//! wait than that, not all can be answered in good time, and who has waited would be answered late: the newest comes
//! first, and is answered as quickly as ever. Those left behind are refused after a while. Not at once: who is refused
//! asks again, and refusing takes processors from those who are answered.
//!
//! Nothing here locks while a place is free.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use places::{Seen, wanted};

/// A service with so many requests at the same time counts as idle; fewer places than these are never left.
const ALONE: usize = 4;
/// How often the number of places is looked at again, in µs, and the answers that it takes.
const WINDOW_US: u64 = 50_000;
const WINDOW_ANSWERS: u64 = 16;
/// With fewer answers it is looked at after so long, in µs.
const LONG_WINDOW_US: u64 = 1_000_000;

/// So many wait for each place that there may be, at most.
const WAITING: usize = 4;
/// A crowd is believed to be over when there was none for so long, in µs.
const CROWDED_US: u64 = 500_000;
/// Who has waited for so many times `queue`, or for as long as all may wait, is refused.
const PATIENCE: u32 = 5;
/// However slow the bottleneck is, all may not wait for longer than this (unless `queue` says so).
const LONGEST_TURN: Duration = Duration::from_secs(1);

/// The places of one kind of requests.
#[derive(Debug)]
pub struct Admission {
    most: usize,
    /// Answers faster than this, in µs on average, are never too slow.
    quick_us: u64,
    /// How long all may wait for a place, at least.
    queue: Duration,
    places: AtomicUsize,
    taken: AtomicUsize,
    waiting: AtomicUsize,
    freed: Notify,
    /// How long an answer takes when nobody else asks, in µs.
    idle_us: AtomicU64,
    /// How long one took lately.
    mean_us: AtomicU64,
    /// Until then more wait than can be answered in good time.
    crowded_until_us: AtomicU64,
    begun: Instant,
    window: Window,
}

/// How many requests of one kind there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crowd {
    /// Those that have a place.
    pub under_way: usize,
    /// Those that wait for one.
    pub waiting: usize,
    /// How many places there are: fewer than the most while answers take too long.
    pub places: usize,
}

/// The answers since the number of places was looked at last.
#[derive(Debug, Default)]
struct Window {
    began_us: AtomicU64,
    answers: AtomicU64,
    sum_us: AtomicU64,
    /// Somebody found no place.
    full: AtomicBool,
}

impl Admission {
    /// At most `most` places; answers that take less than `quick` on average are never too slow, and nobody is refused
    /// while all have a place within `queue`, or within the time that an answer takes when nobody else asks.
    pub fn new(most: usize, quick: Duration, queue: Duration) -> Self {
        Self {
            most,
            quick_us: micros(quick),
            queue,
            places: AtomicUsize::new(most),
            taken: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            freed: Notify::new(),
            idle_us: AtomicU64::new(0),
            mean_us: AtomicU64::new(0),
            crowded_until_us: AtomicU64::new(0),
            begun: Instant::now(),
            window: Window::default(),
        }
    }

    /// How many there are now.
    pub fn crowd(&self) -> Crowd {
        Crowd {
            under_way: self.taken.load(Ordering::Relaxed),
            waiting: self.waiting.load(Ordering::Relaxed),
            places: self.places.load(Ordering::Relaxed),
        }
    }

    /// A place, at once or after a short while. None: come again later.
    pub async fn enter(self: &Arc<Self>) -> Option<Place> {
        let calm = self.is_calm();
        let first = !calm || self.waiting.load(Ordering::SeqCst) == 0;
        if first && let Some(alone) = self.try_take() {
            return Some(self.place(alone));
        }
        self.window.full.store(true, Ordering::Relaxed);
        // One more than can wait is told so without waiting: memory stays bounded.
        let _waiting = Waiting::begin(self, self.most.saturating_mul(WAITING))?;
        let useful = if calm {
            self.in_turn()
        } else {
            self.in_turn().min(Duration::from_micros(self.goal_us()))
        };
        let next = tokio::time::timeout(useful, self.next()).await;
        if next.is_err() {
            // Too late for a good answer.
            tokio::time::sleep((self.queue * PATIENCE).saturating_sub(useful)).await;
        }
        next.ok()
    }

    async fn next(self: &Arc<Self>) -> Place {
        loop {
            let mut freed = pin!(self.freed.notified());
            freed.as_mut().enable();
            if let Some(alone) = self.try_take() {
                return self.place(alone);
            }
            freed.await;
        }
    }

    /// Whether nobody else is there to speak of; none where no place is free.
    fn try_take(&self) -> Option<bool> {
        let places = self.places.load(Ordering::Relaxed);
        let one_more = |taken| (taken < places).then_some(taken + 1);
        let taken = self
            .taken
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_more);
        taken.ok().map(|before| before < ALONE)
    }

    fn place(self: &Arc<Self>, alone: bool) -> Place {
        Place {
            admission: self.clone(),
            since: Instant::now(),
            alone,
            away_us: AtomicU64::new(0),
            state: AtomicU8::new(HELD),
        }
    }

    fn free(&self) {
        self.taken.fetch_sub(1, Ordering::SeqCst);
        if self.waiting.load(Ordering::SeqCst) > 0 {
            self.call();
        }
    }

    /// Calls somebody who waits.
    fn call(&self) {
        if self.is_calm() {
            self.freed.notify_one();
        } else {
            self.freed.notify_last();
        }
    }

    /// Everybody who waits will have a place in good time.
    fn is_calm(&self) -> bool {
        let waiting = u64::try_from(self.waiting.load(Ordering::SeqCst)).unwrap_or(u64::MAX);
        let places = u64::try_from(self.places.load(Ordering::Relaxed)).unwrap_or(u64::MAX);
        let all_us = waiting.saturating_mul(self.mean_us.load(Ordering::Relaxed)) / places.max(1);
        let now_us = micros(self.begun.elapsed());
        if all_us > micros(self.in_turn()) {
            self.crowded_until_us
                .store(now_us + CROWDED_US, Ordering::Relaxed);
            return false;
        }
        now_us >= self.crowded_until_us.load(Ordering::Relaxed)
    }

    /// How long all may wait for a place: who is answered after 200 ms anyway may wait as long before.
    fn in_turn(&self) -> Duration {
        let idle = Duration::from_micros(self.idle_us.load(Ordering::Relaxed));
        self.queue.max(idle.min(LONGEST_TURN))
    }

    /// The longest that answers may take on average.
    fn goal_us(&self) -> u64 {
        (2 * self.idle_us.load(Ordering::Relaxed)).max(self.quick_us)
    }

    /// An answer took so long.
    fn answered(&self, took_us: u64, alone: bool) {
        // Until one was alone, the quickest will do.
        if alone || self.idle_us.load(Ordering::Relaxed) == 0 {
            self.learn(took_us);
        }
        let window = &self.window;
        let answers = window.answers.fetch_add(1, Ordering::Relaxed) + 1;
        window.sum_us.fetch_add(took_us, Ordering::Relaxed);
        let (began_us, now_us) = (
            window.began_us.load(Ordering::Relaxed),
            micros(self.begun.elapsed()),
        );
        let long_us = now_us.saturating_sub(began_us);
        let over = (long_us >= WINDOW_US && answers >= WINDOW_ANSWERS) || long_us >= LONG_WINDOW_US;
        if over
            && window
                .began_us
                .compare_exchange(began_us, now_us, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
        {
            self.look_again(long_us);
        }
    }

    /// The time of an idle service follows what is seen, down faster than up, and single outliers only a little.
    fn learn(&self, took_us: u64) {
        let idle_us = self.idle_us.load(Ordering::Relaxed);
        let learned = match (idle_us, took_us) {
            (0, _) => took_us,
            (_, _) if took_us < idle_us => idle_us - (idle_us - took_us) / 8,
            _ => idle_us + (took_us.min(4 * idle_us) - idle_us) / 32,
        };
        self.idle_us.store(learned.max(1), Ordering::Relaxed);
    }

    fn look_again(&self, long_us: u64) {
        let seen = Seen {
            long_us,
            answers: self.window.answers.swap(0, Ordering::Relaxed).max(1),
            sum_us: self.window.sum_us.swap(0, Ordering::Relaxed),
            taken: self.taken.load(Ordering::Relaxed),
            full: self.window.full.swap(false, Ordering::Relaxed),
        };
        let places = self.places.load(Ordering::Relaxed);
        let wanted = wanted(places, seen, self.goal_us());
        let least = ALONE.min(self.most);
        let wanted = wanted.clamp(least, self.most);
        self.places.store(wanted, Ordering::Relaxed);
        self.mean_us.store(seen.sum_us / seen.answers, Ordering::Relaxed);
        let more = wanted.saturating_sub(places);
        for _ in 0..more.min(self.waiting.load(Ordering::SeqCst)) {
            self.call();
        }
    }
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

/// Somebody who waits for a place.
struct Waiting<'a>(&'a Admission);

impl<'a> Waiting<'a> {
    fn begin(admission: &'a Admission, most: usize) -> Option<Self> {
        let before = admission.waiting.fetch_add(1, Ordering::SeqCst);
        let waiting = Self(admission);
        (before < most).then_some(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

const HELD: u8 = 0;
const AWAY: u8 = 1;
const OVER: u8 = 2;

/// A place; free again with the value's end.
#[derive(Debug)]
pub struct Place {
    admission: Arc<Admission>,
    since: Instant,
    alone: bool,
    /// How long it was given to others.
    away_us: AtomicU64,
    state: AtomicU8,
}

impl Place {
    /// Others may have it while this request waits for its own client.
    pub fn leave(&self) {
        if self.turn(HELD, AWAY) {
            self.admission.free();
        }
    }

    /// Takes it again, after `away`, even where none is free: what was begun is finished.
    pub fn come_back(&self, away: Duration) {
        if self.turn(AWAY, HELD) {
            self.away_us.fetch_add(micros(away), Ordering::Relaxed);
            self.admission.taken.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// The answer is there; how long it took counts.
    pub fn answered(&self) {
        if self.turn(HELD, OVER) {
            let took_us = micros(self.since.elapsed()).saturating_sub(self.away_us.load(Ordering::Relaxed));
            self.admission.answered(took_us, self.alone);
            self.admission.free();
        }
    }

    fn turn(&self, from: u8, to: u8) -> bool {
        let turned = self
            .state
            .compare_exchange(from, to, Ordering::AcqRel, Ordering::Relaxed);
        turned.is_ok()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.turn(HELD, OVER) {
            self.admission.free();
        }
    }
}

mod places;
#[cfg(test)]
mod tests;
