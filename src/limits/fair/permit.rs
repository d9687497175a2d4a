//! A permit that a request holds, lends while it waits for another service, and releases.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use super::semaphore::FairSemaphore;
use crate::limits::caller_key::CallerKey;

/// The permit of one request. It is released when the value is dropped.
#[derive(Debug)]
pub struct Permit {
    semaphore: Arc<FairSemaphore>,
    caller: CallerKey,
    waited: bool,
    /// The number of [`LentPermit`] values: parts of the request that wait at the same time. While there is one, other requests
    /// may use the permit.
    lenders: AtomicUsize,
}

impl Permit {
    /// Wraps a permit that is counted as held already.
    pub(super) fn new(semaphore: Arc<FairSemaphore>, caller: CallerKey, waited: bool) -> Self {
        Self {
            semaphore,
            caller,
            waited,
            lenders: AtomicUsize::new(0),
        }
    }

    /// Returns whether the request waited for the permit: what it read before may have changed.
    pub fn was_queued(&self) -> bool {
        self.waited
    }

    /// Lends the permit to other requests until the returned value is dropped. The request still counts as inside.
    ///
    /// Several parts of a request may lend at the same time: the permit is lent once.
    #[must_use = "the permit is taken back with the value's end"]
    pub fn lend(self: &Arc<Self>) -> LentPermit {
        // Why the count may grow without the lock: the one that makes it 1 releases, the one that makes it 0 takes
        // again under the lock. The count cannot fall to 0 before this call has returned, so releases and takings
        // alternate.
        if self.lenders.fetch_add(1, Ordering::AcqRel) == 0 {
            let limits = self.semaphore.limits;
            self.semaphore
                .lock()
                .release_permit(self.caller, limits, Instant::now());
        }
        LentPermit {
            permit: self.clone(),
            is_outside: false,
        }
    }

    /// Lends the permit as [`Permit::lend`] does, for a request whose body still arrives: until the returned value is
    /// dropped, the request does not count as inside.
    ///
    /// Why: slow senders on many connections would fill the house for every caller.
    #[must_use = "the permit is taken back with the value's end"]
    pub fn lend_while_arriving(self: &Arc<Self>) -> LentPermit {
        let mut lent = self.lend();
        self.semaphore.lock().count_out(self.caller);
        lent.is_outside = true;
        lent
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut queue = self.semaphore.lock();
        // Why no look at `lenders`: each `Lent` keeps the permit alive, so none is left.
        queue.release_permit(self.caller, self.semaphore.limits, Instant::now());
        queue.count_out(self.caller);
    }
}

/// A lent [`Permit`]. When the last one of a request is dropped, the request takes its permit again at once.
///
/// Why even where none is free: work that was begun is finished. The permits that are held may exceed [`Limits::permits`]
/// meanwhile.
///
/// [`Limits::permits`]: super::queue::Limits::permits
#[derive(Debug)]
pub struct LentPermit {
    permit: Arc<Permit>,
    is_outside: bool,
}

impl Drop for LentPermit {
    fn drop(&mut self) {
        let permit = &self.permit;
        // Why one lock for both: between the two, the request would count as lent for a moment.
        let mut queue = permit.semaphore.lock();
        if self.is_outside {
            queue.count_in(permit.caller);
        }
        if permit.lenders.fetch_sub(1, Ordering::AcqRel) == 1 {
            queue.take_permit_anyway(permit.caller);
        }
    }
}
