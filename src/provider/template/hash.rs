//! The key of the filter `hash`.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use aws_lc_rs::hmac;

/// Bytes of the HMAC that make the hash: 128 bits, 32 hex digits. A key must be at least as long.
const HASH_BYTES: usize = 16;

/// The key of the filter `hash`: without it, a provider that receives a hash can neither guess
/// the value nor compare it with others.
///
/// All replicas have the same key, which lies in the database. Clones share one key, and it can be set after the maps
/// are loaded.
#[derive(Clone, Default)]
pub struct HashKey(Arc<OnceLock<hmac::Key>>);

impl HashKey {
    /// Makes a random key, for trials of maps without a database.
    pub fn random() -> Self {
        let this = Self::default();
        this.settle(&rand::random::<[u8; 32]>());
        this
    }

    /// Sets the key, unless one is set already: the first one stays. Returns `false` if `key` is too short (16 bytes).
    pub fn settle(&self, key: &[u8]) -> bool {
        if key.len() < HASH_BYTES {
            return false;
        }
        self.0.get_or_init(|| hmac::Key::new(hmac::HMAC_SHA256, key));
        true
    }

    /// Computes the keyed hash of a text: 32 hex digits. `None` before the key is set.
    pub fn hash_text(&self, text: &[u8]) -> Option<String> {
        let tag = hmac::sign(self.0.get()?, text);
        Some(hex::encode(&tag.as_ref()[..HASH_BYTES]))
    }
}

impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashKey(***)")
    }
}

/// Keys are equal if they are clones of one another: the bytes are never compared.
impl PartialEq for HashKey {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for HashKey {}
