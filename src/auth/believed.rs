//! Tokens that were believed lately: most callers send the same one again and again, and a signature takes longer to check
//! than a hash.

use std::fmt;

use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};

use super::Caller;
use super::claims::Times;

/// Tokens that are remembered, by their hash.
const REMEMBERED: usize = 4_096;

/// Whose tokens were found good, under which keys, and for how long. Times are to be checked with every use.
pub(super) struct Believed(Cache<TokenHash, Known>);

/// SHA-256 of a token: no token is kept.
pub(super) type TokenHash = [u8; 32];

#[derive(Clone)]
struct Known {
    caller: Caller,
    times: Times,
    keys: u64,
}

impl Believed {
    pub(super) fn none() -> Self {
        Self(Cache::new(REMEMBERED))
    }

    pub(super) fn hash(token: &str) -> TokenHash {
        Sha256::digest(token).into()
    }

    /// The caller whose token was believed under these keys.
    pub(super) fn get(&self, token: &TokenHash, keys: u64) -> Option<(Caller, Times)> {
        let known = self.0.get(token).filter(|known| known.keys == keys)?;
        Some((known.caller, known.times))
    }

    pub(super) fn insert(&self, token: TokenHash, keys: u64, caller: Caller, times: Times) {
        self.0.insert(token, Known { caller, times, keys });
    }
}

impl fmt::Debug for Believed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Believed")
    }
}
