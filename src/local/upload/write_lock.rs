//! One writer an upload: a newer request takes over from an older one that hangs.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};
use tokio_util::sync::CancellationToken;

/// The locks of all uploads under way; clones share them.
#[derive(Clone, Default)]
pub(crate) struct WriteLocks(Arc<Mutex<HashMap<String, UploadSlot>>>);

/// The lock of one upload. It is there while a request holds it or waits for it.
#[derive(Default)]
struct UploadSlot {
    /// The number of requests that hold the lock or wait for it.
    users: usize,
    /// Locked by the request that writes. Waiting requests queue here in order of arrival.
    writer: Arc<AsyncMutex<()>>,
    /// The token of the newest request. The next request cancels it.
    newest: CancellationToken,
}

/// The right to write to one upload, until it is dropped. The holder must let go once [`WriteLock::taken_over`] is
/// cancelled.
pub(crate) struct WriteLock {
    /// Cancelled when a newer request wants the upload.
    pub(crate) taken_over: CancellationToken,
    _guard: OwnedMutexGuard<()>,
    // Why behind the guard: fields are dropped in order, and the slot may go only once the lock is free.
    _user: SlotUser,
}

/// One request among the users of a slot. Dropped, it is no user any more; the last one removes the slot.
struct SlotUser {
    all: WriteLocks,
    id: String,
}

impl WriteLocks {
    /// Cancels the request that writes now, waits until it has flushed and let go, and locks the upload.
    pub(crate) async fn take_over(&self, id: &str) -> WriteLock {
        let taken_over = CancellationToken::new();
        let (user, writer) = self.join_slot(id, &taken_over);
        // Why without the map's lock: this wait must not hold up other uploads.
        let guard = writer.lock_owned().await;
        WriteLock {
            taken_over,
            _guard: guard,
            _user: user,
        }
    }

    /// Makes the request a user of the upload's slot, and the newest one.
    fn join_slot(&self, id: &str, taken_over: &CancellationToken) -> (SlotUser, Arc<AsyncMutex<()>>) {
        let mut slots = self.slots();
        let slot = slots.entry(id.to_owned()).or_default();
        slot.users += 1;
        // Why before the lock of the upload: its holder lets go only once it is cancelled.
        std::mem::replace(&mut slot.newest, taken_over.clone()).cancel();
        let user = SlotUser {
            all: self.clone(),
            id: id.to_owned(),
        };
        (user, slot.writer.clone())
    }

    /// Waits until no request writes any more.
    pub(crate) async fn wait_until_idle(&self) {
        let ids: Vec<String> = self.slots().keys().cloned().collect();
        for id in ids {
            drop(self.take_over(&id).await);
        }
    }

    /// Locks the map of slots. A panic in another holder is ignored.
    fn slots(&self) -> MutexGuard<'_, HashMap<String, UploadSlot>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for SlotUser {
    fn drop(&mut self) {
        let mut slots = self.all.slots();
        let is_last = slots.get_mut(&self.id).is_some_and(|slot| {
            slot.users -= 1;
            slot.users == 0
        });
        if is_last {
            slots.remove(&self.id);
        }
    }
}
