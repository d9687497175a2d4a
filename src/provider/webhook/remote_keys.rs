//! Public keys that the provider publishes at an address: a JSON Web Key Set that is fetched again while the service
//! runs. The last good set stays where a fetch fails.
//!
//! A stranger can cause a fetch, by a delivery whose signature does not hold. So fetches are bounded:
//!
//! 1. The first delivery fetches the set, and the first one after [`FRESH_S`] fetches it again: a key that the provider
//!    took back ends then.
//! 2. A delivery whose signature does not hold fetches the set too, because the provider may have a new key. A signature
//!    that holds needs no fetch.
//! 3. One delivery fetches at a time, and at most one a minute ([`REFETCH_AFTER_S`]). At most [`MOST_WAITING`] wait for it;
//!    others are judged by the keys that are known.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};
use std::time::Duration;

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use tokio::sync::{Mutex, Semaphore};

use crate::chain::Chain;
use crate::config::is_loopback_url;
use crate::provider::{signing::VerifyingKey, vocabulary::VerifyAlgorithm};

/// Most public keys of a map or of a key set.
// Why: each costs a verification per signature, and a delivery is anybody's to send.
pub(super) const MAX_PUBLIC_KEYS: usize = 8;

/// Fewest seconds between two fetches.
const REFETCH_AFTER_S: i64 = 60;
/// Seconds for which a fetched set is taken as it is.
const FRESH_S: i64 = 600;
/// Largest document, in bytes.
const MAX_BYTES: usize = 1 << 20;
/// Deadline of a fetch, from connecting to the last byte. A delivery waits for it, and providers give up at five seconds.
const FETCH_DEADLINE: Duration = Duration::from_secs(3);
/// Most deliveries that fetch the set, or wait for such a fetch.
const MOST_WAITING: usize = 32;

/// A published key set: its address, and the keys of the last good fetch.
pub(super) struct RemoteKeys {
    client: reqwest::Client,
    url: String,
    algorithm: VerifyAlgorithm,
    /// The keys; none before the first good fetch.
    keys: ArcSwap<Vec<VerifyingKey>>,
    /// Time of the last good fetch, in Unix seconds.
    fetched_at_s: AtomicI64,
    /// Time of the last fetch, good or bad. The lock is held during a fetch.
    last_fetch: Mutex<Option<DateTime<Utc>>>,
    /// Permits of [`MOST_WAITING`].
    waiting: Semaphore,
}

/// The set could not be fetched.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("it cannot be fetched")]
    Http(#[from] reqwest::Error),
    #[error("it is larger than 1 MiB")]
    TooLarge,
    #[error("it {0}")]
    Malformed(&'static str),
}

impl RemoteKeys {
    /// Makes an empty set that knows its address.
    ///
    /// # Errors
    /// The address is neither https nor of this machine.
    pub(super) fn new(url: &str, algorithm: VerifyAlgorithm) -> Result<Self, String> {
        let is_https = url::Url::parse(url).is_ok_and(|url| url.scheme() == "https");
        if !is_https && !is_loopback_url(url) {
            return Err(
                "must be an https address (http on this machine alone): others could be changed on their way"
                    .to_owned(),
            );
        }
        // Why no redirects and no proxy: the keys must come from the address of the map itself.
        let client = reqwest::Client::builder()
            .timeout(FETCH_DEADLINE)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|error| Chain(&error).to_string())?;
        Ok(Self {
            client,
            url: url.to_owned(),
            algorithm,
            keys: ArcSwap::default(),
            fetched_at_s: AtomicI64::new(i64::MIN),
            last_fetch: Mutex::new(None),
            waiting: Semaphore::new(MOST_WAITING),
        })
    }

    /// Returns the keys of the last good fetch.
    pub(super) fn keys(&self) -> Arc<Vec<VerifyingKey>> {
        self.keys.load_full()
    }

    /// Fetches the set where that was not done within [`FRESH_S`].
    pub(super) async fn refresh_stale(&self, now: DateTime<Utc>) {
        let age_s = now
            .timestamp()
            .saturating_sub(self.fetched_at_s.load(Ordering::Relaxed));
        if age_s > FRESH_S {
            self.refetch(now).await;
        }
    }

    /// Fetches the set, unless that was done within [`REFETCH_AFTER_S`] or too many wait for it already.
    pub(super) async fn refetch(&self, now: DateTime<Utc>) {
        // Why: a waiting delivery holds a connection, and a bad signature costs a stranger nothing.
        let Ok(_waiting) = self.waiting.try_acquire() else {
            return;
        };
        let mut last = self.last_fetch.lock().await;
        // Why behind the lock: the fetch that this delivery waited for has set the time.
        if last.is_some_and(|last| (now - last).num_seconds() < REFETCH_AFTER_S) {
            return;
        }
        // Why before the fetch: a failed one counts too, so that a broken address is not called for every delivery.
        *last = Some(now);
        match self.fetch().await {
            Ok(keys) => {
                if keys.is_empty() {
                    tracing::warn!(
                        url = self.url,
                        "the key set has no key that verifies this provider's webhooks"
                    );
                }
                self.keys.store(Arc::new(keys));
                self.fetched_at_s.store(now.timestamp(), Ordering::Relaxed);
            }
            Err(error) => tracing::warn!(
                url = self.url,
                error = %Chain(&error),
                "the keys of this provider's webhooks cannot be fetched; keeping the old ones"
            ),
        }
    }

    /// Requests the document, reads at most [`MAX_BYTES`] of it, and reads its keys.
    async fn fetch(&self) -> Result<Vec<VerifyingKey>, FetchError> {
        let mut response = self.client.get(&self.url).send().await?.error_for_status()?;
        let mut document = Vec::new();
        // Why in chunks: the length that a response names may be missing.
        while let Some(chunk) = response.chunk().await? {
            if document.len() + chunk.len() > MAX_BYTES {
                return Err(FetchError::TooLarge);
            }
            document.extend_from_slice(&chunk);
        }
        let mut keys = VerifyingKey::parse_set(&document, self.algorithm).map_err(FetchError::Malformed)?;
        keys.truncate(MAX_PUBLIC_KEYS);
        Ok(keys)
    }
}
