//! Owners that are being erased, known by a keyed hash of their names.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::app_state::AppState;
use super::shared_secrets::erasure_key;
use crate::store::StoreError;

impl AppState {
    /// Returns the HMAC-SHA-256 of an owner's name by the secret `erasure-key`.
    ///
    /// # Errors
    /// The database fails.
    pub async fn hash_owner(&self, owner: &str) -> Result<Vec<u8>, StoreError> {
        let key = self
            .erasure_key
            .get_or_try_init(|| erasure_key(&self.store))
            .await?;
        // Why no error: HMAC takes keys of any length.
        let mac = Hmac::<Sha256>::new_from_slice(key);
        Ok(mac.map_or_else(
            |_| Vec::new(),
            |mac| mac.chain_update(owner).finalize().into_bytes().to_vec(),
        ))
    }

    /// Returns whether the owner is being erased: no video of it may begin. Reads the database.
    ///
    /// # Errors
    /// The database fails.
    pub async fn is_erasing(&self, owner: &str) -> Result<bool, StoreError> {
        self.store.has_erasure(&self.hash_owner(owner).await?).await
    }
}
