//! The shared record of a provider's rate: one [`Ledger`] a bucket, read and written by every process of the fleet.
//!
//! With PostgreSQL the record is a table, so that all replicas together keep the provider's rate. With SQLite one
//! process is the whole fleet, and [`MemoryLedger`] does. The arithmetic is the same: [`Ledger`] in the domain.

use std::{
    collections::HashMap,
    error::Error,
    sync::{Mutex, PoisonError},
};

use futures::{FutureExt, future::BoxFuture};
use tokio::time::Instant;

use crate::domain::{Ledger, Pace, PermitOutcome, PermitRequest};

/// Reason for which a ledger could not be read or written.
pub type LedgerError = Box<dyn Error + Send + Sync>;

/// A store of [`Ledger`]s, one a bucket, all by the same clock. `bucket` is a key such as `mux/POST`.
// Why boxed futures: the trait is used as `dyn`, which `async fn` does not allow.
pub trait RateLedger: Send + Sync {
    /// Takes permits from `bucket`, as [`Ledger::take_permits`] does.
    fn take<'a>(
        &'a self,
        bucket: &'a str,
        pace: &'a Pace,
        request: PermitRequest,
    ) -> BoxFuture<'a, Result<PermitOutcome, LedgerError>>;

    /// Gives out no permit of `bucket` for `pause_us` microseconds, as [`Ledger::pause`] does.
    fn pause<'a>(&'a self, bucket: &'a str, pause_us: i64) -> BoxFuture<'a, Result<(), LedgerError>>;

    /// Returns the microseconds until a pause of `bucket` ends, 0 without one, as [`Ledger::paused_for_us`] does.
    fn paused_for_us<'a>(&'a self, bucket: &'a str) -> BoxFuture<'a, Result<i64, LedgerError>>;
}

/// A [`RateLedger`] in memory, by the monotonic clock, for a process that shares no database with others.
#[derive(Debug)]
pub(crate) struct MemoryLedger {
    begin: Instant,
    buckets: Mutex<HashMap<String, Ledger>>,
}

impl MemoryLedger {
    /// Creates a ledger without buckets; each is made by its first use.
    pub(crate) fn new() -> Self {
        Self {
            begin: Instant::now(),
            buckets: Mutex::default(),
        }
    }

    /// Runs `work` on the bucket's ledger with the time in microseconds, under the lock.
    fn with_ledger<T>(&self, bucket: &str, work: impl FnOnce(&mut Ledger, i64) -> T) -> T {
        // Why: a new ledger's times are 0. With a clock that began this long ago an idle account has its whole burst.
        let now_us = i64::try_from(self.begin.elapsed().as_micros()).unwrap_or(i64::MAX / 4) + i64::MAX / 4;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        work(buckets.entry(bucket.to_owned()).or_default(), now_us)
    }
}

impl RateLedger for MemoryLedger {
    fn take<'a>(
        &'a self,
        bucket: &'a str,
        pace: &'a Pace,
        request: PermitRequest,
    ) -> BoxFuture<'a, Result<PermitOutcome, LedgerError>> {
        async move {
            Ok(self.with_ledger(bucket, |ledger, now_us| {
                ledger.take_permits(pace, &request, now_us)
            }))
        }
        .boxed()
    }

    fn pause<'a>(&'a self, bucket: &'a str, pause_us: i64) -> BoxFuture<'a, Result<(), LedgerError>> {
        async move {
            self.with_ledger(bucket, |ledger, now_us| ledger.pause(pause_us, now_us));
            Ok(())
        }
        .boxed()
    }

    fn paused_for_us<'a>(&'a self, bucket: &'a str) -> BoxFuture<'a, Result<i64, LedgerError>> {
        async move { Ok(self.with_ledger(bucket, |ledger, now_us| ledger.paused_for_us(now_us))) }.boxed()
    }
}
