//! The key of the filter `hash`.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use aws_lc_rs::hmac;

/// Bytes of the HMAC that are told: 128 bits, 32 hex digits.
const TOLD: usize = 16;

/// What the filter `hash` is keyed with, so that a provider which is told a hash can neither guess nor compare what was
/// hashed. The same on all replicas: it lies in the database, and may be known later than the maps are loaded.
#[derive(Clone, Default)]
pub struct HashKey(Arc<OnceLock<hmac::Key>>);

impl HashKey {
    /// A key of its own, for trials of maps without a database.
    pub fn fresh() -> Self {
        let this = Self::default();
        this.settle(&rand::random::<[u8; 32]>());
        this
    }

    /// Says what the key is; the first one stays. False for one that is too short to be a key.
    pub fn settle(&self, key: &[u8]) -> bool {
        if key.len() < TOLD {
            return false;
        }
        self.0.get_or_init(|| hmac::Key::new(hmac::HMAC_SHA256, key));
        true
    }

    /// The keyed hash of a text: 32 hex digits. `None` before the key is known.
    pub fn hash(&self, text: &[u8]) -> Option<String> {
        let tag = hmac::sign(self.0.get()?, text);
        Some(hex::encode(&tag.as_ref()[..TOLD]))
    }
}

impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashKey(***)")
    }
}

/// Two are equal that are the same one.
impl PartialEq for HashKey {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for HashKey {}
