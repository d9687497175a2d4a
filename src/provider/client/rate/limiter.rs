//! [`RateLimiter`]: all buckets of one map.

use std::{sync::Arc, time::Duration};

use http::Method;
use tokio::time::Instant;

use super::{bucket::Bucket, permits::Permits};
use crate::{
    limits,
    provider::{
        compile::Location,
        error::{CallError, MapError},
        priority::Priority,
        rate_ledger::RateLedger,
        vocabulary::{Positive, RateTable},
    },
};

/// Seconds of the largest `wait_s` that a map may have.
const MAX_WAIT_S: f64 = 30.0;
/// Time for which a background call waits before it fails as busy.
const BACKGROUND_WAIT: Duration = Duration::from_secs(30);
/// Length of a pause after a 429 that names none.
const DEFAULT_PAUSE: Duration = Duration::from_secs(1);

/// The rate of one provider account, as one map describes it.
pub(in crate::provider::client) struct RateLimiter {
    /// In the map's order; the last one has no rate and covers every method.
    buckets: Vec<Bucket>,
    /// Longest wait of a request.
    wait: Duration,
    ledger: Arc<dyn RateLedger>,
}

impl RateLimiter {
    /// Compiles `rate` and `wait_s` of `[api]`, which stands at `api`.
    pub(in crate::provider::client) fn compile(
        rate: &[RateTable],
        wait_s: Positive,
        api: &Location,
        ledger: Arc<dyn RateLedger>,
    ) -> Result<Self, MapError> {
        let wait_s = wait_s.0;
        if wait_s > MAX_WAIT_S {
            return Err(api.error("wait_s", format!("must be at most {MAX_WAIT_S} seconds")));
        }
        let mut buckets = Vec::new();
        for entry in rate {
            let methods = entry.methods.iter().map(|method| (*method).into()).collect();
            buckets.push(Bucket::new(methods, entry.per_s.0, entry.burst.0, wait_s));
        }
        // Why: a provider without a rate, or a method without an entry, can still be answered with 429 and must pause.
        buckets.push(Bucket::without_rate());
        Ok(Self {
            buckets,
            wait: Duration::from_secs_f64(wait_s),
            ledger,
        })
    }

    /// Names the account whose rate this is. Replicas with the same map use the same keys in the ledger.
    pub(in crate::provider::client) fn set_account(&mut self, account: &str) {
        self.buckets
            .iter_mut()
            .for_each(|bucket| bucket.set_account(account));
    }

    /// Takes over queued calls, batches and pauses of `old`, the map before a reload, for every bucket with the same
    /// key.
    pub(in crate::provider::client) fn continue_from(&self, old: &Self) {
        // Why: a reload must neither drop queued calls nor forget a pause.
        for own in &self.buckets {
            if let Some(old) = old.buckets.iter().find(|old| own.has_key_of(old)) {
                own.continue_from(old);
            }
        }
    }

    /// Takes `count` permits for calls with `method`, and waits until the first of them begins.
    ///
    /// The wait is bounded by `[api].wait_s` (30 s for background calls) and by the deadline of the HTTP request at
    /// hand.
    ///
    /// # Errors
    /// [`CallError::Busy`] where the wait would be too long, [`CallError::NoLedger`] where the ledger fails.
    pub(in crate::provider::client) async fn acquire(
        &self,
        method: &Method,
        count: u32,
        priority: Priority<'_>,
    ) -> Result<Permits, CallError> {
        let Some(bucket) = self.bucket_of(method) else {
            return Ok(Permits::default());
        };
        let wait = match priority {
            Priority::Request(_) => self.wait,
            Priority::Background => BACKGROUND_WAIT,
        };
        // Why cut: a permit that begins after the HTTP request has timed out would be spent for nothing.
        let deadline = Instant::now() + limits::allowed_wait(wait);
        bucket.acquire(&*self.ledger, count, priority, deadline).await
    }

    /// Pauses the method's bucket after a 429, for `wanted` or else one second: in this process at once, then in all.
    pub(in crate::provider::client) async fn pause(&self, method: &Method, wanted: Option<Duration>) {
        if let Some(bucket) = self.bucket_of(method) {
            bucket.pause(&*self.ledger, wanted.unwrap_or(DEFAULT_PAUSE)).await;
        }
    }

    /// Returns the first bucket that covers `method`.
    fn bucket_of(&self, method: &Method) -> Option<&Bucket> {
        self.buckets.iter().find(|bucket| bucket.covers(method))
    }

    /// Returns how many calls with this method the rate allows in a second; `None` where it has no limit for them.
    pub(in crate::provider::client) fn per_s(&self, method: &Method) -> Option<f64> {
        self.bucket_of(method)?.per_s()
    }

    /// Returns true where both methods take their permits from the same bucket.
    pub(in crate::provider::client) fn share_bucket(&self, one: &Method, other: &Method) -> bool {
        let place = |method| self.buckets.iter().position(|bucket| bucket.covers(method));
        place(one) == place(other)
    }
}
