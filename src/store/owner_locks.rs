//! Locks that let a process begin one limited upload of an owner at a time.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use tokio::sync::{Mutex, MutexGuard};

/// The number of limited uploads that a process begins at the same time. Owners whose hashes share a stripe wait for
/// each other.
const STRIPES: usize = 64;

/// One lock a stripe of owners. Clones share them.
// Why: a hundred uploads of one owner wait here and hold one connection to the database, not all of them.
#[derive(Clone, Debug)]
pub(super) struct OwnerLocks(Arc<(RandomState, [Mutex<()>; STRIPES])>);

impl Default for OwnerLocks {
    fn default() -> Self {
        let stripes = std::array::from_fn(|_| Mutex::new(()));
        Self(Arc::new((RandomState::new(), stripes)))
    }
}

impl OwnerLocks {
    /// Waits for the owner's lock.
    pub(super) async fn lock(&self, owner: &str) -> Option<MutexGuard<'_, ()>> {
        let (hasher, stripes) = &*self.0;
        let stripe = usize::try_from(hasher.hash_one(owner) % (STRIPES as u64)).unwrap_or_default();
        Some(stripes.get(stripe)?.lock().await)
    }
}
