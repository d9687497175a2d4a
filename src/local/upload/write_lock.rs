//! One request at a time on an upload: a newer one takes over from an older one that hangs.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{Mutex as Turns, OwnedMutexGuard};
use tokio_util::sync::CancellationToken;

/// Who is sending to which upload.
#[derive(Clone, Default)]
pub(crate) struct WriteLocks(Arc<Mutex<HashMap<String, Arc<UploadSlot>>>>);

#[derive(Default)]
struct UploadSlot {
    turns: Arc<Turns<()>>,
    /// CancelOutcome when somebody newer comes.
    newest: Mutex<CancellationToken>,
}

/// The right to write to one upload, until dropped or taken over.
pub(crate) struct WriteLock {
    /// CancelOutcome when a newer request wants the upload.
    pub(crate) taken_over: CancellationToken,
    all: WriteLocks,
    id: String,
    slot: Arc<UploadSlot>,
    _guard: OwnedMutexGuard<()>,
}

impl WriteLocks {
    /// Asks whoever writes now to stop, and waits until it has flushed what it has.
    pub(crate) async fn take_over(&self, id: &str) -> WriteLock {
        let slot = self.slots().entry(id.to_owned()).or_default().clone();
        let taken_over = CancellationToken::new();
        std::mem::replace(&mut *lock(&slot.newest), taken_over.clone()).cancel();
        let turn = slot.turns.clone().lock_owned().await;
        WriteLock {
            taken_over,
            all: self.clone(),
            id: id.to_owned(),
            slot,
            _guard: turn,
        }
    }

    /// Waits until nobody writes any more.
    pub(crate) async fn wait_until_idle(&self) {
        let ids: Vec<String> = self.slots().keys().cloned().collect();
        for id in ids {
            drop(self.take_over(&id).await);
        }
    }

    fn slots(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<UploadSlot>>> {
        lock(&self.0)
    }
}

impl Drop for WriteLock {
    fn drop(&mut self) {
        let mut slots = self.all.slots();
        // The map and this turn: nobody waits, so the slot can go.
        if Arc::strong_count(&self.slot) <= 2 {
            slots.remove(&self.id);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
