//! Signing without holding anybody up: slow keys on other threads, no more of them than cores, and a cache.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use quick_cache::sync::Cache;
use tokio::sync::Semaphore;

use super::key::SigningKey;
use crate::provider::error::CallError;

/// Signatures kept; each takes about a kilobyte with its token.
const KEPT: usize = 16_384;

/// A key, and the signatures that it made lately.
pub(crate) struct Signer {
    /// None: signing is off.
    key: Option<Arc<SigningKey>>,
    /// What a token is made of (see [`super::Jwt::key`]; the video and the expiry are part of it) → the token.
    known: Cache<String, Arc<str>>,
    /// One permit a core.
    turns: Arc<Semaphore>,
    /// Tokens that were signed, and tokens that were known.
    counts: (AtomicU64, AtomicU64),
}

impl Signer {
    pub(super) fn new(key: Option<SigningKey>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            key: key.map(Arc::new),
            known: Cache::new(KEPT),
            turns: Arc::new(Semaphore::new(cores)),
            counts: (AtomicU64::new(0), AtomicU64::new(0)),
        }
    }

    /// How many tokens were signed, and how many were known.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let (signed, known) = &self.counts;
        (signed.load(Ordering::Relaxed), known.load(Ordering::Relaxed))
    }

    /// The token that was signed lately under this key.
    pub(crate) fn known(&self, key: &str) -> Option<Arc<str>> {
        let known = self.known.get(key)?;
        self.counts.1.fetch_add(1, Ordering::Relaxed);
        Some(known)
    }

    /// Signs, and keeps each token under its key; in order.
    pub(crate) async fn sign(&self, missing: Vec<(String, String)>) -> Result<Vec<Arc<str>>, CallError> {
        if missing.is_empty() {
            return Ok(Vec::new());
        }
        let (keys, unsigned): (Vec<_>, Vec<_>) = missing.into_iter().unzip();
        let tokens = self.sign_now(unsigned).await?;
        self.counts.0.fetch_add(tokens.len() as u64, Ordering::Relaxed);
        for (key, token) in keys.into_iter().zip(&tokens) {
            self.known.insert(key, Arc::clone(token));
        }
        Ok(tokens)
    }

    async fn sign_now(&self, unsigned: Vec<String>) -> Result<Vec<Arc<str>>, CallError> {
        let failed = || CallError::outage("signing failed");
        let key = Arc::clone(
            self.key
                .as_ref()
                .ok_or_else(|| CallError::outage("signing is switched off"))?,
        );
        if !key.is_slow() {
            return all(&key, &unsigned).map_err(|_| failed());
        }
        let turn = Arc::clone(&self.turns)
            .acquire_owned()
            .await
            .map_err(|_| failed())?;
        let signed = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            all(&key, &unsigned)
        });
        signed.await.map_err(|_| failed())?.map_err(|_| failed())
    }
}

fn all(key: &SigningKey, unsigned: &[String]) -> Result<Vec<Arc<str>>, aws_lc_rs::error::Unspecified> {
    let token = |text: &String| {
        let signature = key.sign(text.as_bytes())?;
        let mut token = text.clone();
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(Arc::from(token))
    };
    unsigned.iter().map(token).collect()
}
