//! A cache of verified tokens: most callers send the same token again and again, and a hash is cheaper than a
//! signature.

use std::fmt;

use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};

use super::caller::Caller;
use super::claims::Times;

/// Most tokens in the cache; the rarely used ones leave it first.
const CAPACITY: usize = 4_096;

/// Verified tokens, each with the keys that verified it. An entry has no end of its own: the times of its token are
/// checked with every use.
pub(super) struct TokenCache(Cache<TokenHash, CachedToken>);

/// SHA-256 of a token. The cache never holds a token itself.
pub(super) type TokenHash = [u8; 32];

/// The result of a verification.
#[derive(Clone)]
struct CachedToken {
    caller: Caller,
    times: Times,
    /// [`Jwks::edition`](super::jwks::Jwks::edition) when the token was verified; 0 for fixed secrets.
    key_edition: u64,
}

impl TokenCache {
    /// Makes an empty cache.
    pub(super) fn new() -> Self {
        Self(Cache::new(CAPACITY))
    }

    /// Hashes a token for the other methods.
    pub(super) fn hash(token: &str) -> TokenHash {
        Sha256::digest(token).into()
    }

    /// Returns the [`Caller`] of a token that was verified by keys of this edition. The calling code must check the
    /// times ([`Times::check_at`]).
    pub(super) fn get(&self, token: &TokenHash, key_edition: u64) -> Option<(Caller, Times)> {
        let cached = self
            .0
            .get(token)
            .filter(|cached| cached.key_edition == key_edition)?;
        Some((cached.caller, cached.times))
    }

    /// Adds a token that was verified by keys of this edition.
    pub(super) fn insert(&self, token: TokenHash, key_edition: u64, caller: Caller, times: Times) {
        let cached = CachedToken {
            caller,
            times,
            key_edition,
        };
        self.0.insert(token, cached);
    }
}

impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenCache")
    }
}
