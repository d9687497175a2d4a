//! A permit that a request holds, lends and gives back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use super::FairSemaphore;
use crate::limits::CallerKey;

/// A permit; given back with the value's end.
#[derive(Debug)]
pub struct Permit {
    pub(super) semaphore: Arc<FairSemaphore>,
    pub(super) caller: CallerKey,
    pub(super) waited: bool,
    /// Parts of the request that wait for somebody else: while there is one, others have the permit.
    pub(super) lenders: AtomicUsize,
}

impl Permit {
    /// Whether it was not there at once: what was read before may have changed.
    pub fn was_waited_for(&self) -> bool {
        self.waited
    }

    /// Gives the permit to others while the request waits for somebody else. The request stays inside.
    #[must_use = "the permit is taken back with the value's end"]
    pub fn lend(self: &Arc<Self>) -> Lent {
        if self.lenders.fetch_add(1, Ordering::AcqRel) == 0 {
            let limits = self.semaphore.limits;
            self.semaphore
                .lock()
                .give_back(self.caller, limits, Instant::now());
        }
        Lent {
            permit: self.clone(),
            is_outside: false,
        }
    }

    /// As [`Permit::lend`], for a request that is still arriving: until it has, it does not count as inside.
    ///
    /// Why: whoever sends slowly, on as many connections as there may be, would fill the house for everybody.
    #[must_use = "the permit is taken back with the value's end"]
    pub fn step_out(self: &Arc<Self>) -> Lent {
        let mut lent = self.lend();
        self.semaphore.lock().leave(self.caller);
        lent.is_outside = true;
        lent
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.semaphore.lock();
        // Whatever lends it keeps it alive: it is not lent any more.
        state.give_back(self.caller, self.semaphore.limits, Instant::now());
        state.leave(self.caller);
    }
}

/// A permit that others have meanwhile. With the value's end it is taken again at once, even where none is free: what was
/// begun is finished.
#[derive(Debug)]
pub struct Lent {
    permit: Arc<Permit>,
    is_outside: bool,
}

impl Drop for Lent {
    fn drop(&mut self) {
        let permit = &self.permit;
        let mut state = permit.semaphore.lock();
        if self.is_outside {
            state.come_in(permit.caller);
        }
        if permit.lenders.fetch_sub(1, Ordering::AcqRel) == 1 {
            state.take_anyway(permit.caller);
        }
    }
}
