//! Rate limits for log lines that strangers can cause: some are written, the others become one line with their count.
//!
//! A window begins with the first line and lasts [`WINDOW`]. Within a window:
//!
//! 1. Each key, such as an address, may write a fixed number of lines, and only a fixed number of keys may write at
//!    all.
//! 2. Every further line is counted. The first of them sets a timer to the end of the window.
//! 3. The count is written once, by the first line after the window, by the timer, or by [`LineLimit::flush`] when the
//!    process ends.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{Instant, sleep_until};

/// Length of a window.
const WINDOW: Duration = Duration::from_secs(10);

/// The limit for one kind of lines. Its memory is bounded: at most one entry for each of `keys`.
#[derive(Debug)]
pub(crate) struct LineLimit {
    /// The message of these lines.
    message: &'static str,
    /// Lines that a key may write in a window.
    lines_per_key: u32,
    /// Keys that may write in a window.
    keys: usize,
    // Why random: a stranger cannot choose keys that share a hash.
    hasher: RandomState,
    window: Mutex<Window>,
}

#[derive(Debug, Default)]
struct Window {
    /// Start of the window; `None` before its first line.
    begun: Option<Instant>,
    /// Lines written, by the hash of their key.
    // Why not the key itself: a hash has a fixed size, whatever a stranger sends.
    written: HashMap<u64, u32>,
    /// Lines that were counted and not written.
    left_out: u64,
}

impl LineLimit {
    /// Makes the limit for lines with this message: `lines_per_key` for each of at most `keys` keys in a window.
    pub(crate) fn new(message: &'static str, lines_per_key: u32, keys: usize) -> Arc<Self> {
        Arc::new(Self {
            message,
            lines_per_key,
            keys,
            hasher: RandomState::new(),
            window: Mutex::default(),
        })
    }

    /// Returns whether a line of this key may be written now, and counts it where it may not.
    pub(crate) fn admit(self: &Arc<Self>, key: impl Hash) -> bool {
        self.admit_at(Instant::now(), key)
    }

    fn admit_at(self: &Arc<Self>, now: Instant, key: impl Hash) -> bool {
        let (key, mut window) = (self.hasher.hash_one(key), self.lock_window());
        if window.begun.is_none_or(|begun| now >= begun + WINDOW) {
            self.close_window(&mut window);
            window.begun = Some(now);
        }
        let room = window.written.len() < self.keys || window.written.contains_key(&key);
        if room {
            let written = window.written.entry(key).or_default();
            if *written < self.lines_per_key {
                *written += 1;
                return true;
            }
        }
        window.left_out += 1;
        if window.left_out == 1 {
            self.close_at(window.begun.unwrap_or(now) + WINDOW);
        }
        false
    }

    /// Closes the window now, which writes its count.
    fn flush(&self) {
        self.close_window(&mut self.lock_window());
    }

    fn lock_window(&self) -> MutexGuard<'_, Window> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the number of lines that were left out, where there are any, and empties the window.
    fn close_window(&self, window: &mut Window) {
        let Window { left_out, .. } = std::mem::take(window);
        if left_out > 0 {
            tracing::warn!(
                of = self.message,
                count = left_out,
                within_s = WINDOW.as_secs(),
                "lines were left out of the log"
            );
        }
    }

    /// Sets a timer that closes the window at `end`.
    fn close_at(self: &Arc<Self>, end: Instant) {
        // Why weak: a timer must not keep the limit alive.
        let limit = Arc::downgrade(self);
        // Why no error: without a runtime the next line closes the window.
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        runtime.spawn(async move {
            sleep_until(end).await;
            let Some(limit) = limit.upgrade() else { return };
            let mut window = limit.lock_window();
            // Why: a line may have come before this timer and begun another window.
            if window.begun.is_some_and(|begun| begun + WINDOW <= end) {
                limit.close_window(&mut window);
            }
        });
    }
}

/// The limits ([`LineLimit`]) of all lines that a stranger can cause. A stranger is a caller without a valid token,
/// ticket or signature.
#[derive(Clone, Debug)]
pub(crate) struct LogLimits {
    /// Refused tokens and tickets, by address and kind of reason.
    pub(crate) tokens: Arc<LineLimit>,
    /// Refused webhooks, by address and provider.
    pub(crate) webhooks: Arc<LineLimit>,
    /// Requests of strangers that were refused or shed (4xx, 503), by address.
    pub(crate) refused: Arc<LineLimit>,
    /// Other requests of strangers, by address.
    pub(crate) served: Arc<LineLimit>,
}

impl Default for LogLimits {
    fn default() -> Self {
        Self {
            tokens: LineLimit::new("a token was refused", 5, 40),
            webhooks: LineLimit::new("a webhook was refused", 1, 20),
            refused: LineLimit::new("request (refused)", 10, 20),
            // Why: viewers of the built-in provider's videos are strangers too, and an office of them has one address.
            served: LineLimit::new("request", 100, 200),
        }
    }
}

impl LogLimits {
    /// Writes all counts that are not written yet ([`LineLimit::flush`]). The process calls it before it ends.
    pub(crate) fn flush(&self) {
        for limit in [&self.tokens, &self.webhooks, &self.refused, &self.served] {
            limit.flush();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Lines {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    impl Lines {
        /// The counts that were written since the last look.
        fn counts(&self) -> Vec<u64> {
            let text = String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap();
            let json = text
                .lines()
                .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
            json.map(|line| line["count"].as_u64().unwrap()).collect()
        }
    }

    fn watched() -> (Lines, tracing::subscriber::DefaultGuard) {
        let lines = Lines::default();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_writer(lines.clone());
        let guard = tracing::subscriber::set_default(subscriber.finish());
        (lines, guard)
    }

    #[test]
    fn a_flood_is_said_once_in_ten_seconds_with_its_count() {
        let (lines, _guard) = watched();
        let (limit, begin) = (LineLimit::new("flood", 1, 2), Instant::now());
        let soon = begin + Duration::from_secs(9);
        assert!(limit.admit_at(begin, "a"));
        for _ in 0..1000 {
            assert!(!limit.admit_at(soon, "a"));
        }
        assert!(limit.admit_at(soon, "b"), "another address has a line of its own");
        assert!(!limit.admit_at(soon, "c"), "there are keys for two");
        assert_eq!(lines.counts(), [0; 0]);
        assert!(limit.admit_at(begin + WINDOW, "a"));
        assert_eq!(lines.counts(), [1001], "with the first line after the window");
        assert!(!limit.admit_at(begin + WINDOW, "a"));
        limit.flush();
        limit.flush();
        assert_eq!(lines.counts(), [1], "or at the end of the process, once");
    }

    #[tokio::test]
    async fn the_count_of_a_flood_that_has_ended_is_said_by_a_timer() {
        let (lines, _guard) = watched();
        let limit = LineLimit::new("flood", 1, 2);
        let almost_over = Instant::now().checked_sub(WINDOW).unwrap() + Duration::from_millis(200);
        assert!(limit.admit_at(almost_over, "a"));
        assert!(!limit.admit_at(almost_over, "a"));
        assert_eq!(lines.counts(), [0; 0]);
        tokio::time::sleep(Duration::from_millis(400)).await;
        assert_eq!(lines.counts(), [1]);
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(lines.counts(), [0; 0], "nothing is said twice");
    }

    #[test]
    fn memory_is_bounded_whatever_addresses_come() {
        let limit = LineLimit::new("flood", 3, 20);
        let now = Instant::now();
        let admitted = (0..100_000)
            .filter(|address| limit.admit_at(now, address))
            .count();
        assert_eq!((admitted, limit.lock_window().written.len()), (20, 20));
    }
}
