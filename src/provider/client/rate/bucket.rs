//! One `rate` entry of a map in this process: its lines, its lot, and a pause.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::Method;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use super::{
    TurnLedger,
    ledger::LedgerError,
    line::{Line, Place},
};
use crate::{
    domain::{LONGEST_PAUSE_US, Pace, TurnAnswer, TurnRequest},
    provider::{Priority, error::CallError},
};

/// Where there is no rate nobody asks the ledger for turns: it is looked so often for a pause of other replicas.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long the ledger may take to answer.
const LEDGER_PATIENCE: Duration = Duration::from_secs(5);

/// One `rate` entry.
pub(super) struct Bucket {
    /// Sorted; empty: every method.
    methods: Vec<Method>,
    /// The row's key.
    key: String,
    /// None: only a pause counts.
    pace: Option<Pace>,
    /// Exchanged for that of the map before, so that its waiting calls and its pause go on.
    shared: Mutex<Arc<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    requests: Line,
    background: Line,
    paused_until: Mutex<Option<Instant>>,
    lot: Mutex<Option<Lot>>,
    /// The next turn of this process's last ask: what those behind it are told.
    next: Mutex<Option<Instant>>,
    looked_at: Mutex<Option<Instant>>,
}

/// Turns that were taken together and may be used until they are forfeited.
#[derive(Debug)]
struct Lot {
    left: u32,
    until: Instant,
}

/// Turns that are taken, each with the time at which it begins.
#[derive(Debug, Default)]
pub(crate) struct Reserved {
    turns: VecDeque<Instant>,
    pause: Option<(Arc<Shared>, Instant)>,
}

impl Bucket {
    pub(super) fn new(mut methods: Vec<Method>, per_s: f64, burst: f64, wait_s: f64) -> Self {
        methods.sort_by(|one, other| one.as_str().cmp(other.as_str()));
        Self {
            methods,
            key: String::new(),
            pace: Some(Pace::new(per_s, burst, wait_s)),
            shared: Mutex::default(),
        }
    }

    pub(super) fn without_rate() -> Self {
        Self {
            methods: Vec::new(),
            key: String::new(),
            pace: None,
            shared: Mutex::default(),
        }
    }

    /// `account/POST,PUT`, `account/*` for every method, `account/-` for what no entry names.
    pub(super) fn settle(&mut self, account: &str) {
        let names: Vec<&str> = self.methods.iter().map(Method::as_str).collect();
        let names = match (&self.pace, names.is_empty()) {
            (None, _) => "-".to_owned(),
            (Some(_), true) => "*".to_owned(),
            (Some(_), false) => names.join(","),
        };
        self.key = format!("{account}/{names}");
    }

    pub(super) fn has(&self, method: &Method) -> bool {
        self.methods.is_empty() || self.methods.contains(method)
    }

    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.key == other.key
    }

    pub(super) fn continue_from(&self, old: &Self) {
        let shared = old.shared();
        *lock(&self.shared) = shared;
    }

    fn shared(&self) -> Arc<Shared> {
        lock(&self.shared).clone()
    }

    /// Waits until the first turn begins.
    pub(super) async fn take(
        &self,
        ledger: &dyn TurnLedger,
        turns: u32,
        priority: Priority<'_>,
        deadline: Instant,
    ) -> Result<Reserved, CallError> {
        let shared = self.shared();
        let Some(pace) = &self.pace else {
            shared.look_for_pause(ledger, &self.key).await;
            return Reserved::free(&shared, deadline).begin().await;
        };
        if let Some(wait) = shared.pause_beyond(deadline) {
            return Err(CallError::Busy { retry_after: wait });
        }
        if let (Priority::Request(_), Some(turns)) = (priority, shared.take_from_lot(turns)) {
            return Reserved::of(&shared, turns, deadline).begin().await;
        }
        let (line, caller) = match priority {
            Priority::Request(caller) => (&shared.requests, caller),
            Priority::Background => (&shared.background, ""),
        };
        let mut place = line.join(caller).map_err(|_| shared.busy_at(pace, usize::MAX))?;
        match timeout_at(deadline, place.first()).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return Err(shared.busy(pace, &place)),
        }
        let request = TurnRequest {
            turns,
            background: priority == Priority::Background,
            patience_us: 0,
        };
        let turns = self.ask(&shared, pace, ledger, request, deadline).await?;
        // The place is kept until the first turn has come: the next one asks then.
        let reserved = Reserved::of(&shared, turns, deadline).begin().await;
        drop(place);
        reserved
    }

    /// Asks the ledger until it gives turns; returns when each of them begins.
    async fn ask(
        &self,
        shared: &Shared,
        pace: &Pace,
        ledger: &dyn TurnLedger,
        mut request: TurnRequest,
        deadline: Instant,
    ) -> Result<VecDeque<Instant>, CallError> {
        let wanted = request.turns;
        if !request.background {
            if let Some(turns) = shared.take_from_lot(wanted) {
                return Ok(turns);
            }
            request.turns = wanted.max(pace.lot);
        }
        loop {
            request.patience_us = micros(deadline.saturating_duration_since(Instant::now()));
            let asked = timeout(LEDGER_PATIENCE, ledger.take(&self.key, pace, request)).await;
            let answer = asked.map_err(|_| no_ledger(&"it did not answer in time".into()))?;
            match answer.map_err(|error| no_ledger(&error))? {
                TurnAnswer::Taken(wait_us) => {
                    let last = Instant::now() + duration(wait_us);
                    *lock(&shared.next) = Some(last);
                    if request.turns > wanted {
                        shared.keep_lot(request.turns - wanted, last, pace);
                        return Ok(VecDeque::from(vec![last; wanted as usize]));
                    }
                    let begins = |left: u32| {
                        let before = i64::from(left).saturating_mul(pace.turn_us);
                        Instant::now() + duration(wait_us.saturating_sub(before).max(0))
                    };
                    return Ok((0..wanted).rev().map(begins).collect());
                }
                TurnAnswer::NotTaken(again_us) => {
                    let again = Instant::now() + duration(again_us);
                    if !request.background || again > deadline {
                        return Err(CallError::Busy {
                            retry_after: duration(again_us),
                        });
                    }
                    sleep_until(again).await;
                }
            }
        }
    }

    /// Nobody calls before the pause is over: nobody here from now on, and nobody elsewhere from the next ask on.
    pub(super) async fn pause(&self, ledger: &dyn TurnLedger, told: Duration) {
        let pause = told.min(duration(LONGEST_PAUSE_US));
        self.shared().pause(Instant::now() + pause);
        if let Err(error) = ledger.pause(&self.key, micros(pause)).await {
            tracing::warn!(
                bucket = self.key,
                error,
                "other replicas are not told of the provider's pause"
            );
        }
    }
}

impl Shared {
    fn pause(&self, until: Instant) {
        let mut paused = lock(&self.paused_until);
        *paused = (*paused).max(Some(until));
    }

    fn paused_until(&self) -> Option<Instant> {
        lock(&self.paused_until).filter(|until| *until > Instant::now())
    }

    /// How long a pause is that ends after `deadline`.
    fn pause_beyond(&self, deadline: Instant) -> Option<Duration> {
        let until = self.paused_until().filter(|until| *until > deadline)?;
        Some(until.saturating_duration_since(Instant::now()))
    }

    /// Turns of the lot that this process has; none where too few are left.
    fn take_from_lot(&self, turns: u32) -> Option<VecDeque<Instant>> {
        let (mut lot, now) = (lock(&self.lot), Instant::now());
        let own = lot.as_mut().filter(|lot| lot.until >= now && lot.left >= turns)?;
        own.left -= turns;
        drop(lot);
        Some(VecDeque::from(vec![now; turns as usize]))
    }

    fn keep_lot(&self, left: u32, begins: Instant, pace: &Pace) {
        let lasts = duration(pace.turn_us.saturating_mul(i64::from(pace.lot)));
        *lock(&self.lot) = Some(Lot {
            left,
            until: begins + lasts,
        });
    }

    /// A provider without a rate: a pause that another replica was told.
    async fn look_for_pause(&self, ledger: &dyn TurnLedger, key: &str) {
        let now = Instant::now();
        {
            let mut looked_at = lock(&self.looked_at);
            if looked_at.is_some_and(|at| now < at + LOOK_EVERY) {
                return;
            }
            *looked_at = Some(now);
        }
        match ledger.paused_for_us(key).await {
            Ok(0) => {}
            Ok(paused_us) => self.pause(Instant::now() + duration(paused_us)),
            Err(error) => tracing::debug!(
                bucket = key,
                error,
                "whether the provider's calls are paused is not known"
            ),
        }
    }

    /// When a call that could not wait for its place may come again.
    fn busy(&self, pace: &Pace, place: &Place<'_>) -> CallError {
        self.busy_at(pace, place.before())
    }

    fn busy_at(&self, pace: &Pace, before: usize) -> CallError {
        let now = Instant::now();
        let next = lock(&self.next).map_or(Duration::ZERO, |next| next.saturating_duration_since(now));
        let turns = i64::try_from(before).unwrap_or(i64::MAX);
        // Why the bound: a full line is as long as everybody's patience together.
        let line = duration(
            pace.turn_us
                .saturating_mul(turns)
                .min(pace.ahead_us.max(pace.turn_us)),
        );
        CallError::Busy {
            retry_after: next + line,
        }
    }
}

impl Reserved {
    fn of(shared: &Arc<Shared>, turns: VecDeque<Instant>, deadline: Instant) -> Self {
        Self {
            turns,
            pause: Some((shared.clone(), deadline)),
        }
    }

    /// As many turns as are wanted, at any time that is no pause.
    fn free(shared: &Arc<Shared>, deadline: Instant) -> Self {
        Self::of(shared, VecDeque::new(), deadline)
    }

    /// Waits for the first turn, which stays to be used.
    async fn begin(self) -> Result<Self, CallError> {
        self.wait_until(self.turns.front().copied()).await?;
        Ok(self)
    }

    /// A turn is left to be used.
    pub(crate) fn is_left(&self) -> bool {
        !self.turns.is_empty()
    }

    /// Waits for the next turn and uses it.
    ///
    /// # Errors
    /// The provider asked for a pause meanwhile that is longer than the call may wait.
    pub(crate) async fn next(&mut self) -> Result<(), CallError> {
        let turn = self.turns.pop_front();
        self.wait_until(turn).await
    }

    async fn wait_until(&self, turn: Option<Instant>) -> Result<(), CallError> {
        if let Some(turn) = turn {
            sleep_until(turn).await;
        }
        let Some((shared, deadline)) = &self.pause else {
            return Ok(());
        };
        while let Some(until) = shared.paused_until() {
            if until > *deadline {
                return Err(CallError::Busy {
                    retry_after: until.saturating_duration_since(Instant::now()),
                });
            }
            sleep_until(until).await;
        }
        Ok(())
    }
}

fn no_ledger(error: &LedgerError) -> CallError {
    CallError::NoLedger {
        reason: error.to_string(),
    }
}

fn duration(us: i64) -> Duration {
    Duration::from_micros(u64::try_from(us).unwrap_or_default())
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
