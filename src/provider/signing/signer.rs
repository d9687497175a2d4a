//! Signing without holding anybody up: slow keys on threads of their own, and a cache.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, UnitWeighter};

use super::key::SigningKey;
use super::threads;
use crate::provider::error::CallError;

/// Signatures kept; each takes about a kilobyte with its token.
const KEPT: usize = 32_768;
/// The share of them that being asked for again earns a place in. It is lower than usual: a token that was asked for
/// often is of no use once its life is over, and what was signed last is asked for next.
const EARNED: f64 = 0.5;

/// A key, and the signatures that it made lately.
pub(crate) struct Signer {
    /// None: signing is off.
    key: Option<Arc<SigningKey>>,
    /// What a token is made of (see [`super::Jwt::key`]; the video and the expiry are part of it) → the token.
    known: Cache<String, Arc<str>>,
    counts: Counts,
}

/// How many tokens there were.
#[derive(Default)]
struct Counts {
    signed: AtomicU64,
    known: AtomicU64,
    /// Those signed for an answer that reads them as known once.
    ahead: AtomicU64,
}

impl Signer {
    pub(super) fn new(key: Option<SigningKey>) -> Self {
        let known = Cache::with_options(
            OptionsBuilder::new()
                .estimated_items_capacity(KEPT)
                .weight_capacity(KEPT as u64)
                .hot_allocation(EARNED)
                .build()
                .unwrap_or_else(|error| unreachable!("both capacities are given: {error}")),
            UnitWeighter,
            DefaultHashBuilder::default(),
            DefaultLifecycle::default(),
        );
        Self {
            key: key.map(Arc::new),
            known,
            counts: Counts::default(),
        }
    }

    /// How many tokens were signed, and how many were known.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let again = of(&self.counts.known).saturating_sub(of(&self.counts.ahead));
        (of(&self.counts.signed), again)
    }

    /// The token that was signed lately under this key.
    pub(crate) fn known(&self, key: &str) -> Option<Arc<str>> {
        let known = self.known.get(key)?;
        self.counts.known.fetch_add(1, Ordering::Relaxed);
        Some(known)
    }

    /// Whether signatures take long enough to need a permit.
    pub(crate) fn is_slow(&self) -> bool {
        self.key.as_ref().is_some_and(|key| key.is_slow())
    }

    /// Signs, and keeps each token under its key; in order. A token that is being made elsewhere is waited for. One that is
    /// signed `ahead` is read once more for the answer that it is made for: that is not counted as known.
    ///
    /// Why nobody waits in a circle: the keys of one video come in the same order in every request, each is asked for once,
    /// and no two videos share one.
    pub(crate) async fn sign(
        &self,
        missing: Vec<(String, String)>,
        ahead: bool,
    ) -> Result<Vec<Arc<str>>, CallError> {
        // A token, or its place among those that are signed here.
        let mut tokens: Vec<Result<Arc<str>, usize>> = Vec::with_capacity(missing.len());
        let (mut keys, mut guards, mut unsigned) = (Vec::new(), Vec::new(), Vec::new());
        for (key, text) in &missing {
            if let Some(at) = keys.iter().position(|own| own == &key) {
                tokens.push(Err(at));
                continue;
            }
            tokens.push(self.known.get_value_or_guard_async(key).await.map_err(|guard| {
                keys.push(key);
                guards.push(guard);
                unsigned.push(text.clone());
                guards.len() - 1
            }));
        }
        if unsigned.is_empty() {
            return Ok(tokens.into_iter().flatten().collect());
        }
        let signed = self.sign_now(unsigned).await?;
        let fresh = signed.len() as u64;
        self.counts.signed.fetch_add(fresh, Ordering::Relaxed);
        if ahead {
            self.counts.ahead.fetch_add(fresh, Ordering::Relaxed);
        }
        for (guard, token) in guards.into_iter().zip(&signed) {
            // One that was pushed out meanwhile is signed again when it is asked for.
            let _kept = guard.insert(Arc::clone(token));
        }
        Ok(tokens
            .into_iter()
            .map(|token| token.unwrap_or_else(|at| Arc::clone(&signed[at])))
            .collect())
    }

    async fn sign_now(&self, unsigned: Vec<String>) -> Result<Vec<Arc<str>>, CallError> {
        let key = self
            .key
            .as_ref()
            .ok_or_else(|| CallError::outage("signing is switched off"))?;
        let signed = if key.is_slow() {
            threads::sign(Arc::clone(key), unsigned).await
        } else {
            threads::sign_here(key, &unsigned)
        };
        signed.map_err(|_| CallError::outage("signing failed"))
    }
}
