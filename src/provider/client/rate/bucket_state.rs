//! The part of a bucket that outlives a reload of the map: its queues, its batch of permits, and a pause.

use std::{collections::VecDeque, sync::Mutex, time::Duration};

use tokio::time::Instant;

use super::{
    fair_queue::FairQueue,
    time::{from_micros, lock},
};
use crate::{
    domain::Pace,
    provider::{error::CallError, rate_ledger::RateLedger},
};

/// Time between two reads of the ledger for a pause, in a bucket without a rate.
const PAUSE_CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// The state that all calls of one bucket in this process share.
///
/// Each mutex is held for a few statements, never together with another and never across an `await`.
#[derive(Debug, Default)]
pub(super) struct BucketState {
    /// Calls on behalf of callers.
    pub(super) requests: FairQueue,
    /// Background calls.
    pub(super) background: FairQueue,
    paused_until: Mutex<Option<Instant>>,
    batch: Mutex<Option<PermitBatch>>,
    /// The last permit that this process took: the base of the estimate for those still queued.
    last_taken: Mutex<Option<Instant>>,
    /// The last read of the ledger for a pause, in a bucket without a rate.
    pause_checked_at: Mutex<Option<Instant>>,
}

/// Permits that were taken from the ledger together and are usable until they are forfeited.
#[derive(Debug)]
struct PermitBatch {
    left: u32,
    until: Instant,
}

impl BucketState {
    /// Pauses the bucket until `until`, or longer where a longer pause is in force.
    pub(super) fn pause(&self, until: Instant) {
        let mut paused = lock(&self.paused_until);
        *paused = (*paused).max(Some(until));
    }

    /// Returns the end of the pause in force, if there is one.
    pub(super) fn paused_until(&self) -> Option<Instant> {
        lock(&self.paused_until).filter(|until| *until > Instant::now())
    }

    /// Returns the rest of a pause that outlasts `deadline`, if there is one.
    pub(super) fn pause_beyond(&self, deadline: Instant) -> Option<Duration> {
        let until = self.paused_until().filter(|until| *until > deadline)?;
        Some(until.saturating_duration_since(Instant::now()))
    }

    /// Takes `count` permits from the process's batch, all of them valid at once. `None`, and nothing is taken, where
    /// fewer are left.
    pub(super) fn take_from_batch(&self, count: u32) -> Option<VecDeque<Instant>> {
        let (mut batch, now) = (lock(&self.batch), Instant::now());
        // Why all or nothing: permits of a batch and of the ledger begin at different times.
        let own = batch
            .as_mut()
            .filter(|batch| batch.until >= now && batch.left >= count)?;
        own.left -= count;
        drop(batch);
        Some(VecDeque::from(vec![now; count as usize]))
    }

    /// Keeps `left` permits that begin at `begins` for later requests, for as long as the ledger needs to give out as
    /// many again.
    pub(super) fn keep_batch(&self, left: u32, begins: Instant, pace: &Pace) {
        // Why forfeited then: permits saved up for later would come on top of the burst.
        let lasts = from_micros(pace.interval_us.saturating_mul(i64::from(pace.batch)));
        *lock(&self.batch) = Some(PermitBatch {
            left,
            until: begins + lasts,
        });
    }

    /// Notes the time at which the last permit taken by this process begins.
    pub(super) fn note_last_taken(&self, begins: Instant) {
        *lock(&self.last_taken) = Some(begins);
    }

    /// Reads the ledger for a pause that another replica has written, at most once in [`PAUSE_CHECK_INTERVAL`]. An
    /// error is logged and counts as no pause.
    pub(super) async fn check_for_pause(&self, ledger: &dyn RateLedger, key: &str) {
        let now = Instant::now();
        {
            let mut checked_at = lock(&self.pause_checked_at);
            if checked_at.is_some_and(|at| now < at + PAUSE_CHECK_INTERVAL) {
                return;
            }
            *checked_at = Some(now);
        }
        match ledger.paused_for_us(key).await {
            Ok(0) => {}
            Ok(paused_us) => self.pause(Instant::now() + from_micros(paused_us)),
            Err(error) => tracing::debug!(
                bucket = key,
                error,
                "whether the provider's calls are paused is not known"
            ),
        }
    }

    /// Returns the error of a call that found no permit in time, with an estimate of when to come again: after the last
    /// permit taken, and one permit for each of `ahead` queued calls.
    pub(super) fn busy_behind(&self, pace: &Pace, ahead: usize) -> CallError {
        let now = Instant::now();
        let next = lock(&self.last_taken).map_or(Duration::ZERO, |last| last.saturating_duration_since(now));
        let ahead = i64::try_from(ahead).unwrap_or(i64::MAX);
        // Why the bound: calls leave the queue at their deadlines, so no queue lasts longer than the longest wait.
        let queued = from_micros(
            pace.interval_us
                .saturating_mul(ahead)
                .min(pace.ahead_us.max(pace.interval_us)),
        );
        CallError::Busy {
            retry_after: next + queued,
        }
    }
}
