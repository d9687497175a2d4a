//! The provider's rate limits, kept by us: token buckets, half for requests and half for background work.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use http::Method;
use tokio::time::Instant;

use crate::provider::{Priority, compile::Reader, error::MapError};

/// How long a user's request may wait for its turn.
const REQUEST_PATIENCE: Duration = Duration::from_secs(2);
/// How long background work waits before it is put off.
const BACKGROUND_PATIENCE: Duration = Duration::from_secs(30);
/// A pause that the provider did not measure, and the longest that is believed.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// One `rate` entry: its two halves, which a 429 pauses together.
struct Bucket {
    /// Empty: every method.
    methods: Vec<Method>,
    request: Mutex<Half>,
    background: Mutex<Half>,
    paused_until: Mutex<Option<Instant>>,
}

struct Half {
    /// Calls a second; infinite where the map sets no rate.
    per_s: f64,
    burst: f64,
    tokens: f64,
    filled: Option<Instant>,
}

/// All buckets of one map.
pub(crate) struct Rate(Vec<Bucket>);

impl Rate {
    /// Reads `rate`. Requests share their half with `replicas` replicas.
    pub(crate) fn compile(api: &mut Reader, replicas: u32) -> Result<Self, MapError> {
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
            buckets.push(Bucket::new(methods, per_s, burst, f64::from(replicas.max(1))));
        }
        // A provider without a rate can still say 429.
        buckets.push(Bucket::new(Vec::new(), f64::INFINITY, 1.0, 1.0));
        Ok(Self(buckets))
    }

    /// Goes on where `old` is, bucket by bucket, as far as they are the same.
    pub(crate) fn continue_from(&self, old: &Self) {
        for (own, old) in self.0.iter().zip(&old.0) {
            if own.methods == old.methods {
                own.continue_from(old);
            }
        }
    }

    /// Waits for a turn, or says how long that would take.
    pub(crate) async fn turn(&self, method: &Method, priority: Priority) -> Result<(), Duration> {
        let Some(bucket) = self.bucket(method) else {
            return Ok(());
        };
        let patience = match priority {
            Priority::Request => REQUEST_PATIENCE,
            Priority::Background => BACKGROUND_PATIENCE,
        };
        let wait = bucket.take(priority, patience, Instant::now())?;
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        Ok(())
    }

    /// Pauses the method's bucket after a 429.
    pub(crate) fn pause(&self, method: &Method, told: Option<Duration>) {
        if let Some(bucket) = self.bucket(method) {
            let until = Instant::now() + told.unwrap_or(PAUSE).min(LONGEST_PAUSE);
            let mut paused = lock(&bucket.paused_until);
            *paused = (*paused).max(Some(until));
        }
    }

    fn bucket(&self, method: &Method) -> Option<&Bucket> {
        self.0
            .iter()
            .find(|bucket| bucket.methods.is_empty() || bucket.methods.contains(method))
    }
}

impl Bucket {
    fn new(methods: Vec<Method>, per_s: f64, burst: f64, replicas: f64) -> Self {
        Self {
            methods,
            request: Mutex::new(Half::new(per_s / 2.0 / replicas, burst / 2.0 / replicas)),
            background: Mutex::new(Half::new(per_s / 2.0, burst / 2.0)),
            paused_until: Mutex::new(None),
        }
    }

    fn continue_from(&self, old: &Self) {
        *lock(&self.paused_until) = *lock(&old.paused_until);
        lock(&self.request).continue_from(&lock(&old.request));
        lock(&self.background).continue_from(&lock(&old.background));
    }

    /// Takes one turn and says how long to wait for it; takes none where that is longer than `patience`.
    fn take(&self, priority: Priority, patience: Duration, now: Instant) -> Result<Duration, Duration> {
        let pause =
            lock(&self.paused_until).map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
        if pause > patience {
            return Err(pause);
        }
        let half = match priority {
            Priority::Request => &self.request,
            Priority::Background => &self.background,
        };
        lock(half)
            .take(patience.saturating_sub(pause), now)
            .map(|wait| wait + pause)
            .map_err(|wait| wait + pause)
    }
}

impl Half {
    fn new(per_s: f64, burst: f64) -> Self {
        let burst = burst.max(1.0);
        Self {
            per_s,
            burst,
            tokens: burst,
            filled: None,
        }
    }

    /// What was taken stays taken.
    fn continue_from(&mut self, old: &Self) {
        self.tokens = old.tokens.min(self.burst);
        self.filled = old.filled;
    }

    /// Tokens may go below zero: that is the queue of those who wait.
    fn take(&mut self, patience: Duration, now: Instant) -> Result<Duration, Duration> {
        if self.per_s.is_infinite() {
            return Ok(Duration::ZERO);
        }
        let passed = self
            .filled
            .map_or(0.0, |filled| now.saturating_duration_since(filled).as_secs_f64());
        self.filled = Some(now);
        self.tokens = (self.tokens + passed * self.per_s).min(self.burst);
        let short = (1.0 - self.tokens).max(0.0);
        let wait = Duration::try_from_secs_f64(short / self.per_s).unwrap_or(LONGEST_PAUSE);
        if wait > patience {
            return Err(wait);
        }
        self.tokens -= 1.0;
        Ok(wait)
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

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
