//! The owners of the provider's assets.

use std::collections::HashMap;

use serde_json::Value;

use crate::provider::HashKey;
use crate::store::{Store, StoreError};

/// Hex digits of a keyed hash ([`HashKey::hash_text`]), as the filter `hash` of a map makes it.
const HASH_DIGITS: usize = 32;

/// The source of an asset's owner.
pub(super) enum Owners {
    /// One owner for all assets.
    All(String),
    /// The asset names its owner: by name, or by the keyed hash that a map sends with `{owner|hash}`.
    At {
        /// JSON pointer of the name or hash.
        pointer: String,
        /// Hash → owner, for all owners who have videos here.
        hashes: HashMap<String, String>,
    },
}

/// The owner of one asset.
pub(super) enum AssetOwner {
    /// The asset has this owner.
    Named(String),
    /// The asset has a keyed hash, but of no owner who has videos here.
    UnknownHash(String),
    /// The asset has neither text nor number at the pointer.
    Missing,
}

impl Owners {
    /// Makes the source of owners that assets name at `pointer`. Reads all owners of the database for their hashes.
    pub(super) async fn named_at(pointer: String, store: &Store, key: &HashKey) -> Result<Self, StoreError> {
        // Why all of them: a keyed hash cannot be reversed, only compared.
        let owners = store.list_owners().await?;
        let hash = |owner: String| Some((key.hash_text(owner.as_bytes())?, owner));
        Ok(Self::At {
            pointer,
            hashes: owners.into_iter().filter_map(hash).collect(),
        })
    }

    /// Returns the owner of an asset, given as the provider's JSON.
    pub(super) fn owner_of(&self, asset: &Value) -> AssetOwner {
        let (pointer, hashes) = match self {
            Self::All(owner) => return AssetOwner::Named(owner.clone()),
            Self::At { pointer, hashes } => (pointer, hashes),
        };
        let text = match asset.pointer(pointer) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => return AssetOwner::Missing,
        };
        match hashes.get(&text) {
            Some(owner) => AssetOwner::Named(owner.clone()),
            None if is_hash(&text) => AssetOwner::UnknownHash(text),
            None => AssetOwner::Named(text),
        }
    }
}

/// Returns whether a text has the form of a keyed hash.
fn is_hash(text: &str) -> bool {
    text.len() == HASH_DIGITS && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
