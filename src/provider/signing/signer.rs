//! The signer of tokens and of signatures: a key, a cache of the tokens that it made, and a single flight per token.
//! A bare signature counts as a token here.
//!
//! The steps of a token stand in the module doc of [`signing`](super). Tokens of slow keys are made in
//! [`pool`], so that signing holds up no other request.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, UnitWeighter};

use super::key::SigningKey;
use super::pool;
use super::signed_text::{SignedForm, TextSigner};
use crate::provider::{error::CallError, vocabulary::Encoding};

/// Most tokens in the cache. Each entry takes about a kilobyte with its key.
const MAX_CACHED: usize = 32_768;
/// Share of the cache for tokens that were read more than once.
// Why: it is lower than the default. A token that was read often is of no use once it has expired, and the tokens that
// were signed last are the ones read next.
const HOT_SHARE: f64 = 0.5;

/// A [`TextSigner`], and the tokens that it made lately.
pub(crate) struct Signer {
    /// The key and the form of what it makes; `None` while signing is off.
    signer: Option<Arc<TextSigner>>,
    /// The cache: [`Jwt::cache_key`](super::Jwt::cache_key), or the message of a [`Digest`](super::Digest), both of
    /// which hold video and expiry → token.
    tokens: Cache<String, Arc<str>>,
    counts: Counts,
}

/// Counters of tokens since the map was loaded.
#[derive(Default)]
struct Counts {
    signed: AtomicU64,
    cache_hits: AtomicU64,
    /// Tokens that were signed ahead: each is read once from the cache by the answer that it was made for.
    signed_ahead: AtomicU64,
}

impl Signer {
    /// Makes a [`Signer`] of JSON Web Tokens, with an empty cache. Without a [`SigningKey`], signing is off.
    pub(super) fn new(key: Option<SigningKey>) -> Self {
        Self::with_form(key, SignedForm::Token)
    }

    /// Makes a [`Signer`] of bare signatures: `prefix`, then the signature in this [`Encoding`].
    pub(super) fn for_digest(key: Option<SigningKey>, prefix: String, encoding: Encoding) -> Self {
        Self::with_form(key, SignedForm::Bare { prefix, encoding })
    }

    /// Makes a [`Signer`] with an empty cache.
    fn with_form(key: Option<SigningKey>, form: SignedForm) -> Self {
        let tokens = Cache::with_options(
            OptionsBuilder::new()
                .estimated_items_capacity(MAX_CACHED)
                .weight_capacity(MAX_CACHED as u64)
                .hot_allocation(HOT_SHARE)
                .build()
                .unwrap_or_else(|error| unreachable!("both capacities are given: {error}")),
            UnitWeighter,
            DefaultHashBuilder::default(),
            DefaultLifecycle::default(),
        );
        Self {
            signer: key.map(|key| Arc::new(TextSigner { key, form })),
            tokens,
            counts: Counts::default(),
        }
    }

    /// Returns how many tokens were signed, and how many were read from the cache.
    pub(crate) fn token_counts(&self) -> (u64, u64) {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        // Why: an answer whose token was signed ahead for it reads the token as cached, but nothing was saved.
        let cached = read(&self.counts.cache_hits).saturating_sub(read(&self.counts.signed_ahead));
        (read(&self.counts.signed), cached)
    }

    /// Returns the cached token under this key, and counts the hit.
    pub(crate) fn cached_token(&self, key: &str) -> Option<Arc<str>> {
        let token = self.tokens.get(key)?;
        self.counts.cache_hits.fetch_add(1, Ordering::Relaxed);
        Some(token)
    }

    /// Signatures take long enough to need a permit ([`SigningKey::is_slow`]).
    pub(crate) fn is_slow(&self) -> bool {
        self.signer.as_ref().is_some_and(|signer| signer.key.is_slow())
    }

    /// Signs texts and caches each token under its key. `missing` holds pairs of key and text; the tokens come in the
    /// same order. Equal keys share one token, and a token that another request is making is waited for.
    ///
    /// With `ahead`, the tokens are made for an answer that reads them from the cache: that read is no cache hit.
    ///
    /// # Errors
    /// [`CallError::outage`] if signing is off or failed.
    pub(crate) async fn sign_missing(
        &self,
        missing: Vec<(String, String)>,
        ahead: bool,
    ) -> Result<Vec<Arc<str>>, CallError> {
        // A token of another request, or the index among those that are signed here.
        let mut tokens: Vec<Result<Arc<str>, usize>> = Vec::with_capacity(missing.len());
        let (mut keys, mut guards, mut unsigned) = (Vec::new(), Vec::new(), Vec::new());
        // Why: this holds guards while it waits for others, and still no two requests wait for each other. The keys of
        // one video come in the same order in every request, each is requested once, and no two videos share a key.
        for (key, text) in &missing {
            if let Some(at) = keys.iter().position(|own| own == &key) {
                tokens.push(Err(at));
                continue;
            }
            tokens.push(self.tokens.get_value_or_guard_async(key).await.map_err(|guard| {
                keys.push(key);
                guards.push(guard);
                unsigned.push(text.clone());
                guards.len() - 1
            }));
        }
        if unsigned.is_empty() {
            return Ok(tokens.into_iter().flatten().collect());
        }
        let signed = self.sign_uncached(unsigned).await?;
        let fresh = signed.len() as u64;
        self.counts.signed.fetch_add(fresh, Ordering::Relaxed);
        if ahead {
            self.counts.signed_ahead.fetch_add(fresh, Ordering::Relaxed);
        }
        for (guard, token) in guards.into_iter().zip(&signed) {
            // Why ignored: an entry that was evicted meanwhile is signed again by the next request.
            let _evicted = guard.insert(Arc::clone(token));
        }
        Ok(tokens
            .into_iter()
            .map(|token| token.unwrap_or_else(|at| Arc::clone(&signed[at])))
            .collect())
    }

    /// Signs all texts in one job: in the [`pool`], or in place.
    async fn sign_uncached(&self, unsigned: Vec<String>) -> Result<Vec<Arc<str>>, CallError> {
        let signer = self
            .signer
            .as_ref()
            .ok_or_else(|| CallError::outage("signing is switched off"))?;
        // Why: a quick key takes less time than a switch to another thread and back.
        let signed = if signer.key.is_slow() {
            pool::sign_in_pool(Arc::clone(signer), unsigned).await
        } else {
            pool::sign_tokens(signer, &unsigned)
        };
        signed.map_err(|_| CallError::outage("signing failed"))
    }
}
