//! A JSON Web Key Set, kept fresh: the last good one stays where a fetch fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use tokio::sync::{Mutex, Semaphore};

use super::NotBelieved;
use super::key_set::{KeySet, VerifyingKey};
use crate::chain::Chain;
use crate::config::is_loopback_url;

/// A fetch for an unknown `kid` happens at most once in so many seconds.
const REFETCH_AFTER_S: i64 = 60;
/// Largest key set, in bytes.
const MAX_BYTES: usize = 1 << 20;
/// Longest that fetching the set may take, from the first byte to the last.
const FETCH_DEADLINE: Duration = Duration::from_secs(5);
/// Requests that may wait for a fetch which another one began.
const MOST_WAITING: usize = 32;

/// Where the keys come from, and the ones that we have.
#[derive(Debug)]
pub struct Jwks {
    source: Source,
    keys: ArcSwap<KeySet>,
    /// How often the keys were replaced.
    edition: AtomicU64,
    /// Held while the set is fetched.
    last_fetch: Mutex<Option<DateTime<Utc>>>,
    waiting: Semaphore,
}

#[derive(Debug)]
enum Source {
    File(String),
    Url(reqwest::Client, String),
}

/// The key set could not be had.
#[derive(Debug, thiserror::Error)]
pub enum JwksError {
    /// The file is not readable.
    #[error("cannot be read: {0}")]
    File(#[from] std::io::Error),
    /// It is no JSON Web Key Set.
    #[error("is not a JSON Web Key Set: {0}")]
    Json(#[from] serde_json::Error),
    /// Nobody answered, or not with a key set.
    #[error("cannot be fetched")]
    Http(#[from] reqwest::Error),
    /// The answer is too large.
    #[error("is larger than 1 MiB")]
    TooLarge,
    /// Neither https nor loopback.
    #[error("must be https, a loopback http address, or a file")]
    Unsafe,
}

impl Jwks {
    /// Loads the set. A file must be readable; a URL that does not answer now is tried again later.
    ///
    /// # Errors
    /// The file is missing or no key set, or the URL is neither https nor loopback.
    pub async fn load(source: &str, now: DateTime<Utc>) -> Result<Self, JwksError> {
        let set = Self::empty(source)?;
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

    /// Loads the set anew, in the place of `old`. Where the same URL does not answer now, `old` is good enough.
    ///
    /// # Errors
    /// As [`Jwks::load`]; another URL must answer.
    pub async fn reload(
        source: &str,
        old: Option<&Arc<Self>>,
        now: DateTime<Utc>,
    ) -> Result<Arc<Self>, JwksError> {
        let set = Self::empty(source)?;
        match (set.refresh(now).await, old) {
            (Ok(()), _) => Ok(Arc::new(set)),
            (Err(error), Some(old)) if old.is_at(source) => {
                tracing::warn!(error = %Chain(&error), "auth.jwks cannot be fetched; keeping the old set");
                Ok(old.clone())
            }
            (Err(error), _) => Err(error),
        }
    }

    fn empty(source: &str) -> Result<Self, JwksError> {
        let is_url = source.starts_with("http://") || source.starts_with("https://");
        let source = if is_url {
            if source.starts_with("http://") && !is_loopback_url(source) {
                return Err(JwksError::Unsafe);
            }
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

    fn is_at(&self, source: &str) -> bool {
        matches!(&self.source, Source::Url(_, url) if url == source)
    }

    /// Fetches the set anew; the old one stays where that fails.
    ///
    /// # Errors
    /// It could not be had.
    pub async fn refresh(&self, now: DateTime<Utc>) -> Result<(), JwksError> {
        let mut last = self.last_fetch.lock().await;
        *last = Some(now);
        self.fetch().await
    }

    async fn fetch(&self) -> Result<(), JwksError> {
        let bytes = match &self.source {
            Source::File(path) => tokio::fs::read(path).await?,
            Source::Url(client, url) => fetch(client, url).await?,
        };
        let set = KeySet::read(&bytes)?;
        if set.len() == 0 {
            tracing::warn!("auth.jwks has no key that checks tokens: RS256, ES256 or EdDSA, use sig");
        }
        self.keys.store(Arc::new(set));
        self.edition.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    /// How many keys of the set check tokens; none where it could not be fetched yet.
    pub fn count(&self) -> usize {
        self.keys.load().len()
    }

    /// Another number after every fetch: what was believed before is to be looked at again.
    pub(super) fn edition(&self) -> u64 {
        self.edition.load(Ordering::SeqCst)
    }

    /// The keys named `kid`, or the only one where the token names none. The set is fetched again for a name that it
    /// does not have.
    pub(super) async fn keys(
        &self,
        kid: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Arc<VerifyingKey>>, NotBelieved> {
        let found = self.keys.load().find(kid);
        match found {
            Err(NotBelieved::UnknownKey(_) | NotBelieved::NoKeyId(0)) => {
                self.refetch(now).await;
                self.keys.load().find(kid)
            }
            found => found,
        }
    }

    /// Fetches the set unless that was done within a minute. One request fetches, those that come meanwhile wait for it.
    async fn refetch(&self, now: DateTime<Utc>) {
        // Why: a request that waits holds a connection, and naming a key that is not there costs a stranger nothing.
        let Ok(_waiting) = self.waiting.try_acquire() else {
            return;
        };
        let mut last = self.last_fetch.lock().await;
        if last.is_some_and(|last| (now - last).num_seconds() < REFETCH_AFTER_S) {
            return;
        }
        *last = Some(now);
        if let Err(error) = self.fetch().await {
            tracing::warn!(
                error = %Chain(&error),
                "auth.jwks cannot be fetched; keeping the old set"
            );
        }
    }
}

async fn fetch(client: &reqwest::Client, url: &str) -> Result<Vec<u8>, JwksError> {
    let mut response = client.get(url).send().await?.error_for_status()?;
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MAX_BYTES {
            return Err(JwksError::TooLarge);
        }
    }
    Ok(bytes)
}
