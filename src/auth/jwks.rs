//! A JSON Web Key Set that is refreshed while the service runs. The last good set stays where a fetch fails.
//!
//! The set is fetched at start, at intervals (by [`jobs::keys`](crate::jobs::keys)), and for a token that names an
//! unknown key. The last is bounded three times, because a stranger can cause it: one fetch at a time, one a minute
//! ([`REFETCH_AFTER_S`]), and at most [`MOST_WAITING`] requests that wait for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use tokio::sync::{Mutex, Semaphore};

use super::error::AuthError;
use super::key_set::{KeySet, VerifyingKey};
use crate::chain::Chain;
use crate::config::is_loopback_url;

/// Fewest seconds between the last fetch and a fetch for an unknown `kid`.
const REFETCH_AFTER_S: i64 = 60;
/// Largest document, in bytes.
const MAX_BYTES: usize = 1 << 20;
/// Deadline of a fetch, from connecting to the last byte.
const FETCH_DEADLINE: Duration = Duration::from_secs(5);
/// Most requests that fetch the set for an unknown `kid`, or wait for such a fetch.
const MOST_WAITING: usize = 32;

/// A key set: its source, and the keys of the last good fetch.
#[derive(Debug)]
pub struct Jwks {
    source: Source,
    keys: ArcSwap<KeySet>,
    /// Number of times that the keys were replaced.
    edition: AtomicU64,
    /// Time of the last fetch, good or bad. The lock is held during a fetch.
    last_fetch: Mutex<Option<DateTime<Utc>>>,
    /// Permits of [`MOST_WAITING`].
    waiting: Semaphore,
}

/// The place that a [`Jwks`] is fetched from.
#[derive(Debug)]
enum Source {
    /// Path of a file.
    File(String),
    /// Address, https or of this machine.
    Url(reqwest::Client, String),
}

/// The key set could not be loaded. `Display` is the end of a sentence that begins with `auth.jwks`.
#[derive(Debug, thiserror::Error)]
pub enum JwksError {
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    File(#[from] std::io::Error),
    /// The document is no JSON Web Key Set.
    #[error("is not a JSON Web Key Set: {0}")]
    Json(#[from] serde_json::Error),
    /// The request failed, or its response was no 2xx.
    #[error("cannot be fetched")]
    Http(#[from] reqwest::Error),
    /// The document is larger than 1 MiB.
    #[error("is larger than 1 MiB")]
    TooLarge,
    /// The URL is neither https nor of this machine.
    #[error("must be https, a loopback http address, or a file")]
    Unsafe,
}

impl Jwks {
    /// Loads the set at the start of the service. A file must be readable; after a failed request to a URL the set is
    /// empty until a later fetch.
    ///
    /// # Errors
    /// The file is missing or no key set, or the URL is neither https nor loopback.
    pub async fn load(source: &str, now: DateTime<Utc>) -> Result<Self, JwksError> {
        let set = Self::new(source)?;
        match (set.refresh(now).await, &set.source) {
            (Err(error), Source::File(_)) => return Err(error),
            (Err(error), Source::Url(..)) => {
                tracing::warn!(
                    error = %Chain(&error),
                    "auth.jwks cannot be fetched yet"
                );
            }
            (Ok(()), _) => {}
        }
        Ok(set)
    }

    /// Loads the set again for a reload of the settings. Where a request to the URL of `old` fails, returns `old`.
    ///
    /// # Errors
    /// The file is missing or no key set, the URL is neither https nor loopback, or a request to another URL failed.
    pub async fn reload(
        source: &str,
        old: Option<&Arc<Self>>,
        now: DateTime<Utc>,
    ) -> Result<Arc<Self>, JwksError> {
        let set = Self::new(source)?;
        match (set.refresh(now).await, old) {
            (Ok(()), _) => Ok(Arc::new(set)),
            (Err(error), Some(old)) if old.is_at(source) => {
                tracing::warn!(error = %Chain(&error), "auth.jwks cannot be fetched; keeping the old set");
                Ok(old.clone())
            }
            (Err(error), _) => Err(error),
        }
    }

    /// Makes an empty set that knows its source.
    fn new(source: &str) -> Result<Self, JwksError> {
        let is_url = source.starts_with("http://") || source.starts_with("https://");
        let source = if is_url {
            if source.starts_with("http://") && !is_loopback_url(source) {
                return Err(JwksError::Unsafe);
            }
            // Why no redirects and no proxy: the keys must come from the configured address itself.
            let client = reqwest::Client::builder()
                .timeout(FETCH_DEADLINE)
                .redirect(reqwest::redirect::Policy::none())
                .no_proxy()
                .build()?;
            Source::Url(client, source.to_owned())
        } else {
            Source::File(source.to_owned())
        };
        Ok(Self {
            source,
            keys: ArcSwap::default(),
            edition: AtomicU64::new(0),
            last_fetch: Mutex::new(None),
            waiting: Semaphore::new(MOST_WAITING),
        })
    }

    /// Returns whether the set is fetched from this URL.
    fn is_at(&self, source: &str) -> bool {
        matches!(&self.source, Source::Url(_, url) if url == source)
    }

    /// Fetches the set now. The old one stays where the fetch fails.
    ///
    /// # Errors
    /// The fetch failed.
    pub async fn refresh(&self, now: DateTime<Utc>) -> Result<(), JwksError> {
        let mut last = self.last_fetch.lock().await;
        *last = Some(now);
        self.fetch_keys().await
    }

    /// Fetches the document and replaces the [`KeySet`]. The caller holds `last_fetch`.
    async fn fetch_keys(&self) -> Result<(), JwksError> {
        let bytes = match &self.source {
            Source::File(path) => tokio::fs::read(path).await?,
            Source::Url(client, url) => fetch_url(client, url).await?,
        };
        let set = KeySet::parse(&bytes)?;
        if set.len() == 0 {
            tracing::warn!("auth.jwks has no key that checks tokens: RS256, ES256 or EdDSA, use sig");
        }
        // Why this order: a token verified in between is cached under the old edition, and verified once more.
        self.keys.store(Arc::new(set));
        self.edition.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    /// Returns the number of keys that verify tokens; 0 where no fetch was good yet.
    pub fn key_count(&self) -> usize {
        self.keys.load().len()
    }

    /// Returns a number that changes with every good fetch: tokens that were verified before are verified again.
    pub(super) fn edition(&self) -> u64 {
        self.edition.load(Ordering::SeqCst)
    }

    /// Returns the keys with the id `kid`, or the only key for a token without `kid`. Fetches the set again for an
    /// unknown id, within the bounds that the module describes.
    ///
    /// # Errors
    /// The errors of [`KeySet::find_keys`].
    pub(super) async fn find_keys(
        &self,
        kid: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Arc<VerifyingKey>>, AuthError> {
        // Why a fast path: a known key needs neither the lock nor a fetch.
        let found = self.keys.load().find_keys(kid);
        match found {
            // Why also without any key: the fetch at the start may have failed.
            Err(AuthError::UnknownKey(_) | AuthError::NoKeyId(0)) => {
                self.refetch_if_due(now).await;
                self.keys.load().find_keys(kid)
            }
            found => found,
        }
    }

    /// Fetches the set unless that was done within [`REFETCH_AFTER_S`]. One request fetches; requests that come during
    /// the fetch wait for it.
    async fn refetch_if_due(&self, now: DateTime<Utc>) {
        // Why: a waiting request holds a connection, and an unknown key id costs a stranger nothing.
        let Ok(_waiting) = self.waiting.try_acquire() else {
            return;
        };
        let mut last = self.last_fetch.lock().await;
        // Why behind the lock: the fetch that this request waited for has set the time.
        if last.is_some_and(|last| (now - last).num_seconds() < REFETCH_AFTER_S) {
            return;
        }
        // Why before the fetch: a failed one counts too, so that a broken source is not called for every token.
        *last = Some(now);
        if let Err(error) = self.fetch_keys().await {
            tracing::warn!(
                error = %Chain(&error),
                "auth.jwks cannot be fetched; keeping the old set"
            );
        }
    }
}

/// Requests the document and reads at most [`MAX_BYTES`] of it.
async fn fetch_url(client: &reqwest::Client, url: &str) -> Result<Vec<u8>, JwksError> {
    let mut response = client.get(url).send().await?.error_for_status()?;
    let mut bytes = Vec::new();
    // Why in chunks: the length that a response names may be missing.
    while let Some(chunk) = response.chunk().await? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MAX_BYTES {
            return Err(JwksError::TooLarge);
        }
    }
    Ok(bytes)
}
