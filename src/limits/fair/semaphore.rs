//! The semaphore itself; its operations are in `acquire` and `permit`.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::queue::{FairQueue, Limits, Load};

/// A semaphore with a bounded queue that is fair between callers. See the module `fair` for the steps.
#[derive(Debug)]
pub struct FairSemaphore {
    pub(super) limits: Limits,
    // Why no async lock: it is never held over an await.
    queue: Mutex<FairQueue>,
}

impl FairSemaphore {
    /// Creates a semaphore of which all permits are free.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            queue: Mutex::default(),
        }
    }

    /// Returns the numbers of requests at this moment.
    pub fn load(&self) -> Load {
        self.lock().load()
    }

    /// Returns the bounds that the semaphore was created with.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Locks the queue. The lock is held for a few steps in memory, never over an await.
    ///
    /// Why a poisoned lock is used on: one panic must not end every later request.
    pub(super) fn lock(&self) -> MutexGuard<'_, FairQueue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
