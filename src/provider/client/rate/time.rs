//! Conversions between [`Duration`] and the ledger's whole microseconds, and a lock that outlives a panic.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Converts microseconds to a [`Duration`]; a negative number gives zero.
pub(super) fn from_micros(us: i64) -> Duration {
    Duration::from_micros(u64::try_from(us).unwrap_or_default())
}

/// Converts a [`Duration`] to microseconds, at most [`i64::MAX`].
pub(super) fn to_micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// Locks `mutex`, whether a thread has panicked with it or not.
// Why: every value guarded here is valid after each single statement, so a panic elsewhere must not stop all calls.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
