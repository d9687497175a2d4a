//! Whose the provider's assets are.

use std::collections::HashMap;

use serde_json::Value;

use crate::provider::HashKey;
use crate::store::{Store, StoreError};

/// Hex digits of a keyed hash, as the filter `hash` of a map makes it.
const HASH_DIGITS: usize = 32;

/// Whose the assets are.
pub(super) enum Owners {
    /// This user's, all of them.
    All(String),
    /// The user's who is named in the asset, at this JSON pointer: by name, or by the keyed hash that a map sends with
    /// `{owner|hash}`.
    At {
        pointer: String,
        /// Hash → owner, of everybody who has videos here.
        hashes: HashMap<String, String>,
    },
}

/// What an asset says of its owner.
pub(super) enum Named {
    /// The owner.
    Owner(String),
    /// What looks like a hash, of nobody who has videos here.
    UnknownHash(String),
    Nobody,
}

impl Owners {
    /// Those named at `pointer`.
    pub(super) async fn at(pointer: String, store: &Store, key: &HashKey) -> Result<Self, StoreError> {
        let owners = store.owners().await?;
        let hash = |owner: String| Some((key.hash(owner.as_bytes())?, owner));
        Ok(Self::At {
            pointer,
            hashes: owners.into_iter().filter_map(hash).collect(),
        })
    }

    /// Whose this asset is.
    pub(super) fn of(&self, asset: &Value) -> Named {
        let (pointer, hashes) = match self {
            Self::All(owner) => return Named::Owner(owner.clone()),
            Self::At { pointer, hashes } => (pointer, hashes),
        };
        let text = match asset.pointer(pointer) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => return Named::Nobody,
        };
        match hashes.get(&text) {
            Some(owner) => Named::Owner(owner.clone()),
            None if is_hash(&text) => Named::UnknownHash(text),
            None => Named::Owner(text),
        }
    }
}

fn is_hash(text: &str) -> bool {
    text.len() == HASH_DIGITS && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
