//! One `rate` entry of a map in this process.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use http::Method;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use super::{
    bucket_state::BucketState,
    permits::Permits,
    time::{from_micros, lock, to_micros},
};
use crate::{
    domain::{LONGEST_PAUSE_US, Pace, PermitOutcome, PermitRequest},
    provider::{
        error::CallError,
        priority::Priority,
        rate_ledger::{LedgerError, RateLedger},
    },
};

/// Time that the ledger has for one answer.
const LEDGER_TIMEOUT: Duration = Duration::from_secs(5);

/// One `rate` entry: its methods, its pace, and the state that its calls share.
pub(super) struct Bucket {
    /// Sorted by name. Empty means every method.
    methods: Vec<Method>,
    /// The key of the bucket in the ledger; empty until [`Bucket::set_account`].
    key: String,
    /// `None` for the bucket without a rate, where only a pause holds calls back.
    pace: Option<Pace>,
    /// Exchanged for the state of the map before a reload by [`Bucket::continue_from`].
    state: Mutex<Arc<BucketState>>,
}

impl Bucket {
    /// Creates the bucket of `per_s` calls a second with bursts of `burst`, where a request waits at most `wait_s`
    /// seconds.
    pub(super) fn new(mut methods: Vec<Method>, per_s: f64, burst: f64, wait_s: f64) -> Self {
        methods.sort_by(|one, other| one.as_str().cmp(other.as_str()));
        Self {
            methods,
            key: String::new(),
            pace: Some(Pace::new(per_s, burst, wait_s)),
            state: Mutex::default(),
        }
    }

    /// Creates the bucket for all methods that no `rate` entry lists.
    pub(super) fn without_rate() -> Self {
        Self {
            methods: Vec::new(),
            key: String::new(),
            pace: None,
            state: Mutex::default(),
        }
    }

    /// Sets the bucket's key in the ledger: `account/POST,PUT`, `account/*` for every method, `account/-` for the
    /// bucket without a rate.
    // Why sorted methods and nothing of the pace: replicas with maps of a different order or rate share one row.
    pub(super) fn set_account(&mut self, account: &str) {
        let names: Vec<&str> = self.methods.iter().map(Method::as_str).collect();
        let names = match (&self.pace, names.is_empty()) {
            (None, _) => "-".to_owned(),
            (Some(_), true) => "*".to_owned(),
            (Some(_), false) => names.join(","),
        };
        self.key = format!("{account}/{names}");
    }

    /// Returns the calls in a second; `None` where there is no limit.
    pub(super) fn per_s(&self) -> Option<f64> {
        let interval = u32::try_from(self.pace.as_ref()?.interval_us).ok()?;
        Some(1e6 / f64::from(interval.max(1)))
    }

    /// Returns true where calls with this method take their permits here.
    pub(super) fn covers(&self, method: &Method) -> bool {
        self.methods.is_empty() || self.methods.contains(method)
    }

    /// Returns true where both buckets are the same row of the ledger.
    pub(super) fn has_key_of(&self, other: &Self) -> bool {
        self.key == other.key
    }

    /// Shares the state of `old` from now on: queued calls, the batch, and a pause.
    pub(super) fn continue_from(&self, old: &Self) {
        let state = old.current_state();
        *lock(&self.state) = state;
    }

    fn current_state(&self) -> Arc<BucketState> {
        lock(&self.state).clone()
    }

    /// Takes `count` permits and waits until the first of them begins. The steps stand in the module `rate`.
    ///
    /// # Errors
    /// [`CallError::Busy`] where the last permit would begin after `deadline`, [`CallError::NoLedger`] where the ledger fails.
    pub(super) async fn acquire(
        &self,
        ledger: &dyn RateLedger,
        count: u32,
        priority: Priority<'_>,
        deadline: Instant,
    ) -> Result<Permits, CallError> {
        let state = self.current_state();
        let Some(pace) = &self.pace else {
            state.check_for_pause(ledger, &self.key).await;
            return Permits::unlimited(&state, deadline).wait_for_first().await;
        };
        if let Some(wait) = state.pause_beyond(deadline) {
            return Err(CallError::Busy { retry_after: wait });
        }
        // Why before the queue: a request that finds permits in the batch pays for no lock of the queue and no ledger.
        if let (Priority::Request(_), Some(begins)) = (priority, state.take_from_batch(count)) {
            return Permits::new(&state, begins, deadline).wait_for_first().await;
        }
        let (queue, caller) = match priority {
            Priority::Request(caller) => (&state.requests, caller),
            Priority::Background => (&state.background, ""),
        };
        let mut ticket = queue
            .enqueue(caller)
            .map_err(|_| state.busy_behind(pace, usize::MAX))?;
        match timeout_at(deadline, ticket.wait_for_head()).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return Err(state.busy_behind(pace, ticket.count_ahead())),
        }
        let request = PermitRequest {
            permits: count,
            background: priority == Priority::Background,
            patience_us: 0,
        };
        let begins = self
            .take_from_ledger(&state, pace, ledger, request, deadline)
            .await?;
        let permits = Permits::new(&state, begins, deadline).wait_for_first().await;
        // Why so late: the next call takes its permit only when this one has begun, so that the process reserves
        // nothing ahead of time and other replicas get their share.
        drop(ticket);
        permits
    }

    /// Takes permits from the ledger, as head of the queue, and returns the time at which each begins.
    async fn take_from_ledger(
        &self,
        state: &BucketState,
        pace: &Pace,
        ledger: &dyn RateLedger,
        mut request: PermitRequest,
        deadline: Instant,
    ) -> Result<VecDeque<Instant>, CallError> {
        let wanted = request.permits;
        if !request.background {
            // Why again: the head before may have left a batch while this call was queued.
            if let Some(begins) = state.take_from_batch(wanted) {
                return Ok(begins);
            }
            request.permits = wanted.max(pace.batch);
        }
        loop {
            request.patience_us = to_micros(deadline.saturating_duration_since(Instant::now()));
            let asked = timeout(LEDGER_TIMEOUT, ledger.take(&self.key, pace, request)).await;
            let answer = asked.map_err(|_| no_ledger(&"it did not answer in time".into()))?;
            match answer.map_err(|error| no_ledger(&error))? {
                PermitOutcome::Taken(wait_us) => {
                    let last = Instant::now() + from_micros(wait_us);
                    state.note_last_taken(last);
                    if request.permits > wanted {
                        // Why all at `last`: the batch becomes usable as a whole when its last permit begins. Later is
                        // safe, earlier would break the rate.
                        state.keep_batch(request.permits - wanted, last, pace);
                        return Ok(VecDeque::from(vec![last; wanted as usize]));
                    }
                    let begins = |left: u32| {
                        let before = i64::from(left).saturating_mul(pace.interval_us);
                        Instant::now() + from_micros(wait_us.saturating_sub(before).max(0))
                    };
                    return Ok((0..wanted).rev().map(begins).collect());
                }
                PermitOutcome::NotTaken(again_us) => {
                    let again = Instant::now() + from_micros(again_us);
                    if !request.background || again > deadline {
                        return Err(CallError::Busy {
                            retry_after: from_micros(again_us),
                        });
                    }
                    sleep_until(again).await;
                }
            }
        }
    }

    /// Pauses the bucket for `wanted`, at most an hour: in this process at once, in the others from their next use of
    /// the ledger on. A ledger that fails is logged.
    pub(super) async fn pause(&self, ledger: &dyn RateLedger, wanted: Duration) {
        let pause = wanted.min(from_micros(LONGEST_PAUSE_US));
        self.current_state().pause(Instant::now() + pause);
        if let Err(error) = ledger.pause(&self.key, to_micros(pause)).await {
            tracing::warn!(
                bucket = self.key,
                error,
                "other replicas are not told of the provider's pause"
            );
        }
    }
}

fn no_ledger(error: &LedgerError) -> CallError {
    CallError::NoLedger {
        reason: error.to_string(),
    }
}
