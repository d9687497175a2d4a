//! Secrets that every replica must have alike. The database keeps them: the first replica that needs one makes it.

use crate::provider::HashKey;
use crate::store::{Store, StoreError};

/// Returns the key with which event tickets are signed, 32 bytes; makes it where the database has none yet.
///
/// # Errors
/// The database fails, or has no tables.
pub(crate) async fn ticket_key(store: &Store) -> Result<Vec<u8>, StoreError> {
    store
        .shared_secret("ticket-key", &rand::random::<[u8; 32]>())
        .await
}

/// Gives the maps' filter `hash` its key, and makes the key where the database has none yet.
///
/// Returns `false` where the database's key is of no use (see [`HashKey::settle`]).
///
/// # Errors
/// The database fails, or has no tables.
pub(crate) async fn settle_hash_key(store: &Store, key: &HashKey) -> Result<bool, StoreError> {
    let fresh = rand::random::<[u8; 32]>();
    let stored = store.shared_secret("hash-key", &fresh).await?;
    Ok(key.settle(&stored))
}

/// Returns the key with which names of owners that are being erased are hashed, 32 bytes; makes it where the database has
/// none yet.
///
/// # Errors
/// The database fails, or has no tables.
pub(super) async fn erasure_key(store: &Store) -> Result<Vec<u8>, StoreError> {
    store
        .shared_secret("erasure-key", &rand::random::<[u8; 32]>())
        .await
}
