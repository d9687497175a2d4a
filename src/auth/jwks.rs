//! A JSON Web Key Set, kept fresh: the last good one stays where a fetch fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use tokio::sync::Mutex;

use crate::chain::Chain;
use crate::config::is_loopback_url;

/// A fetch for an unknown `kid` happens at most once in so many seconds.
const REFETCH_AFTER_S: i64 = 60;
/// Largest key set, in bytes.
const MAX_BYTES: usize = 1 << 20;

/// Where the keys come from, and the ones that we have.
#[derive(Debug)]
pub struct Jwks {
    source: Source,
    keys: ArcSwap<JwkSet>,
    /// How often the keys were replaced.
    edition: AtomicU64,
    last_fetch: Mutex<Option<DateTime<Utc>>>,
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
                .timeout(Duration::from_secs(5))
                .redirect(reqwest::redirect::Policy::none())
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
        *self.last_fetch.lock().await = Some(now);
        let bytes = match &self.source {
            Source::File(path) => tokio::fs::read(path).await?,
            Source::Url(client, url) => fetch(client, url).await?,
        };
        self.keys.store(Arc::new(serde_json::from_slice(&bytes)?));
        self.edition.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    /// Another number after every fetch: what was believed before is to be looked at again.
    pub(super) fn edition(&self) -> u64 {
        self.edition.load(Ordering::SeqCst)
    }

    /// The key `kid`, or the only one where the token names none.
    pub(super) async fn key(&self, kid: Option<&str>, now: DateTime<Utc>) -> Option<Jwk> {
        if let Some(key) = self.find(kid) {
            return Some(key);
        }
        if self.may_refetch(now).await
            && let Err(error) = self.refresh(now).await
        {
            tracing::warn!(
                error = %Chain(&error),
                "auth.jwks cannot be fetched; keeping the old set"
            );
        }
        self.find(kid)
    }

    async fn may_refetch(&self, now: DateTime<Utc>) -> bool {
        let last = self.last_fetch.lock().await;
        last.is_none_or(|last| (now - last).num_seconds() >= REFETCH_AFTER_S)
    }

    fn find(&self, kid: Option<&str>) -> Option<Jwk> {
        let set = self.keys.load();
        match (kid, set.keys.as_slice()) {
            (Some(kid), _) => set.find(kid).cloned(),
            (None, [only]) => Some(only.clone()),
            (None, _) => None,
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
