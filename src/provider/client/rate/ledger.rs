//! Where an account's turns are written down.

use std::{
    collections::HashMap,
    error::Error,
    sync::{Mutex, PoisonError},
};

use futures::{FutureExt, future::BoxFuture};
use tokio::time::Instant;

use crate::domain::{Ledger, Pace, TurnAnswer, TurnRequest};

/// Why a ledger could not be read or written.
pub type LedgerError = Box<dyn Error + Send + Sync>;

/// What every process that calls a provider shares: a [`Ledger`] a bucket, by one clock.
pub trait TurnLedger: Send + Sync {
    /// As [`Ledger::take`].
    fn take<'a>(
        &'a self,
        bucket: &'a str,
        pace: &'a Pace,
        request: TurnRequest,
    ) -> BoxFuture<'a, Result<TurnAnswer, LedgerError>>;

    /// As [`Ledger::pause`].
    fn pause<'a>(&'a self, bucket: &'a str, pause_us: i64) -> BoxFuture<'a, Result<(), LedgerError>>;

    /// As [`Ledger::paused_for_us`].
    fn paused_for_us<'a>(&'a self, bucket: &'a str) -> BoxFuture<'a, Result<i64, LedgerError>>;
}

/// The ledger of a process that has no database: in memory, by the monotonic clock.
#[derive(Debug)]
pub(crate) struct MemoryLedger {
    begin: Instant,
    buckets: Mutex<HashMap<String, Ledger>>,
}

impl MemoryLedger {
    pub(crate) fn new() -> Self {
        Self {
            begin: Instant::now(),
            buckets: Mutex::default(),
        }
    }

    fn with<T>(&self, bucket: &str, work: impl FnOnce(&mut Ledger, i64) -> T) -> T {
        // Why so late a begin: an idle account has saved up its whole burst.
        let now_us = i64::try_from(self.begin.elapsed().as_micros()).unwrap_or(i64::MAX / 4) + i64::MAX / 4;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        work(buckets.entry(bucket.to_owned()).or_default(), now_us)
    }
}

impl TurnLedger for MemoryLedger {
    fn take<'a>(
        &'a self,
        bucket: &'a str,
        pace: &'a Pace,
        request: TurnRequest,
    ) -> BoxFuture<'a, Result<TurnAnswer, LedgerError>> {
        async move { Ok(self.with(bucket, |ledger, now_us| ledger.take(pace, &request, now_us))) }.boxed()
    }

    fn pause<'a>(&'a self, bucket: &'a str, pause_us: i64) -> BoxFuture<'a, Result<(), LedgerError>> {
        async move {
            self.with(bucket, |ledger, now_us| ledger.pause(pause_us, now_us));
            Ok(())
        }
        .boxed()
    }

    fn paused_for_us<'a>(&'a self, bucket: &'a str) -> BoxFuture<'a, Result<i64, LedgerError>> {
        async move { Ok(self.with(bucket, |ledger, now_us| ledger.paused_for_us(now_us))) }.boxed()
    }
}
