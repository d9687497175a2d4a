//! One writer an upload: a newer request takes over from an older one that hangs.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};
use tokio_util::sync::CancellationToken;

/// The locks of all uploads under way; clones share them.
#[derive(Clone, Default)]
pub(crate) struct WriteLocks(Arc<Mutex<HashMap<String, Arc<UploadSlot>>>>);

/// The lock of one upload.
#[derive(Default)]
struct UploadSlot {
    /// Locked by the request that writes. Waiting requests queue here in order of arrival.
    writer: Arc<AsyncMutex<()>>,
    /// The token of the newest request. The next request cancels it.
    newest: Mutex<CancellationToken>,
}

/// The right to write to one upload, until it is dropped. The holder must let go once [`WriteLock::taken_over`] is
/// cancelled.
pub(crate) struct WriteLock {
    /// Cancelled when a newer request wants the upload.
    pub(crate) taken_over: CancellationToken,
    all: WriteLocks,
    id: String,
    /// The slot, which stays in the map while anyone waits for it.
    slot: Arc<UploadSlot>,
    _guard: OwnedMutexGuard<()>,
}

impl WriteLocks {
    /// Cancels the request that writes now, waits until it has flushed and let go, and locks the upload.
    pub(crate) async fn take_over(&self, id: &str) -> WriteLock {
        // Why the map is locked for this line alone: the wait below must not hold up other uploads.
        let slot = self.slots().entry(id.to_owned()).or_default().clone();
        let taken_over = CancellationToken::new();
        // Why before the lock: its holder lets go only once it is cancelled.
        std::mem::replace(&mut *lock(&slot.newest), taken_over.clone()).cancel();
        let guard = slot.writer.clone().lock_owned().await;
        WriteLock {
            taken_over,
            all: self.clone(),
            id: id.to_owned(),
            slot,
            _guard: guard,
        }
    }

    /// Waits until no request writes any more.
    pub(crate) async fn wait_until_idle(&self) {
        let ids: Vec<String> = self.slots().keys().cloned().collect();
        for id in ids {
            drop(self.take_over(&id).await);
        }
    }

    /// Locks the map of slots; see [`lock`].
    fn slots(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<UploadSlot>>> {
        lock(&self.0)
    }
}

impl Drop for WriteLock {
    fn drop(&mut self) {
        let mut slots = self.all.slots();
        // Why 2: the map holds the slot and this lock does. No other request waits, so the slot can go. Why under the
        // map's lock: no request can take the slot meanwhile.
        if Arc::strong_count(&self.slot) <= 2 {
            slots.remove(&self.id);
        }
    }
}

/// Locks a mutex; a panic in another holder is ignored.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
