//! The provider's rate, which is the whole fleet's: a call waits for its turn, or is told when to come again.
//!
//! 1. [`Rate::take`] finds the `rate` entry of the call's method: its bucket.
//! 2. The call joins the bucket's [`Line`]: requests by caller, background work apart from them.
//! 3. The head of the line asks the [`TurnLedger`] for its turns. A process has so at most one ask open a line, and
//!    reserves nothing for those behind it.
//! 4. Taken: the head sleeps until its first turn and makes way. Not taken, or the deadline passes in the line: the
//!    call ends with [`CallError::Busy`], and no turn is spent.
//!
//! Whoever waits holds no permit of a request: see [`lend_permit_while`](crate::limits::lend_permit_while).

mod bucket;
mod ledger;
mod line;

use std::{sync::Arc, time::Duration};

use http::Method;
pub(crate) use ledger::MemoryLedger;
pub use ledger::{LedgerError, TurnLedger};
use tokio::time::Instant;

use self::bucket::Bucket;
pub(crate) use self::bucket::Reserved;
use crate::{
    limits,
    provider::{Priority, compile::Reader, error::CallError, error::MapError},
};

/// How long a request waits where the map says nothing, and at most, in seconds.
const WAIT_S: f64 = 15.0;
const LONGEST_WAIT_S: f64 = 30.0;
/// How long background work waits before it is put off.
const BACKGROUND_WAIT: Duration = Duration::from_secs(30);
/// A pause that the provider did not measure.
const PAUSE: Duration = Duration::from_secs(1);

/// All buckets of one map.
pub(crate) struct Rate {
    buckets: Vec<Bucket>,
    /// How long a request waits.
    wait: Duration,
    ledger: Arc<dyn TurnLedger>,
}

impl Rate {
    /// Reads `rate` and `wait_s`.
    pub(crate) fn compile(api: &mut Reader, ledger: Arc<dyn TurnLedger>) -> Result<Self, MapError> {
        let wait_s = api.positive("wait_s")?.unwrap_or(WAIT_S);
        if wait_s > LONGEST_WAIT_S {
            return Err(api.error("wait_s", format!("must be at most {LONGEST_WAIT_S} seconds")));
        }
        let mut buckets = Vec::new();
        for mut entry in api.tables("rate")? {
            let methods = entry
                .texts("methods")?
                .iter()
                .map(|name| {
                    method(name).ok_or_else(|| entry.error("methods", format!("`{name}` is no HTTP method")))
                })
                .collect::<Result<_, _>>()?;
            let per_s = entry
                .positive("per_s")?
                .ok_or_else(|| entry.error("per_s", "is missing and required"))?;
            let burst = entry.positive("burst")?.unwrap_or(1.0);
            entry.finish()?;
            buckets.push(Bucket::new(methods, per_s, burst, wait_s));
        }
        // A provider without a rate can still say 429.
        buckets.push(Bucket::without_rate());
        Ok(Self {
            buckets,
            wait: Duration::from_secs_f64(wait_s),
            ledger,
        })
    }

    /// Names the account whose rate it is: replicas with the same map name the same rows.
    pub(crate) fn settle(&mut self, account: &str) {
        self.buckets.iter_mut().for_each(|bucket| bucket.settle(account));
    }

    /// Goes on where `old` is, bucket by bucket, as far as they are the same.
    pub(crate) fn continue_from(&self, old: &Self) {
        for own in &self.buckets {
            if let Some(old) = old.buckets.iter().find(|old| own.is_like(old)) {
                own.continue_from(old);
            }
        }
    }

    /// Waits until the first of `turns` begins, or says how long that would take.
    ///
    /// # Errors
    /// [`CallError::Busy`] where the wait is too long, [`CallError::NoLedger`] where nobody knows.
    pub(crate) async fn take(
        &self,
        method: &Method,
        turns: u32,
        priority: Priority<'_>,
    ) -> Result<Reserved, CallError> {
        let Some(bucket) = self.bucket(method) else {
            return Ok(Reserved::default());
        };
        let wait = match priority {
            Priority::Request(_) => self.wait,
            Priority::Background => BACKGROUND_WAIT,
        };
        let deadline = Instant::now() + limits::time_to_wait(wait);
        bucket.take(&*self.ledger, turns, priority, deadline).await
    }

    /// Pauses the method's bucket after a 429, here at once and then for every replica.
    pub(crate) async fn pause(&self, method: &Method, told: Option<Duration>) {
        if let Some(bucket) = self.bucket(method) {
            bucket.pause(&*self.ledger, told.unwrap_or(PAUSE)).await;
        }
    }

    fn bucket(&self, method: &Method) -> Option<&Bucket> {
        self.buckets.iter().find(|bucket| bucket.has(method))
    }

    /// Whether both methods take their turns from the same bucket.
    pub(crate) fn share(&self, one: &Method, other: &Method) -> bool {
        let place = |method| self.buckets.iter().position(|bucket| bucket.has(method));
        place(one) == place(other)
    }
}

fn method(name: &str) -> Option<Method> {
    [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
    ]
    .into_iter()
    .find(|method| method.as_str() == name)
}
