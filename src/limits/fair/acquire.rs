//! Acquiring a permit: at once, or through the queue.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::permit::Permit;
use super::queue::Refused;
use super::semaphore::FairSemaphore;
use crate::limits::caller_key::CallerKey;

impl FairSemaphore {
    /// Takes a permit for a request of `caller`: at once, or after at most `patience`.
    ///
    /// A future that is dropped while it waits leaves the queue.
    ///
    /// # Errors
    /// [`Refused`]: the caller has too many requests, too many wait, or none was free within `patience`.
    pub async fn acquire(self: &Arc<Self>, caller: CallerKey, patience: Duration) -> Result<Permit, Refused> {
        let entered = self.lock().admit(caller, self.limits, Instant::now())?;
        let waited = entered.is_some();
        if let Some((ticket, granted)) = entered {
            let mut queued = QueuedRequest {
                semaphore: self,
                caller,
                ticket,
                granted,
                has_permit: false,
            };
            // An error of the channel means: evicted from the queue.
            let answer = tokio::time::timeout(patience, &mut queued.granted).await;
            queued.has_permit = matches!(answer, Ok(Ok(())));
            if !queued.has_permit {
                return Err(Refused);
            }
        }
        Ok(Permit::new(self.clone(), caller, waited))
    }
}

/// A request in the queue. Dropped without a permit, it leaves the queue.
struct QueuedRequest<'a> {
    semaphore: &'a FairSemaphore,
    caller: CallerKey,
    /// Its place in the queue of its caller.
    ticket: u64,
    /// Receives the permit; an error once the request is evicted.
    granted: oneshot::Receiver<()>,
    /// The permit belongs to a [`Permit`] now, which releases it.
    has_permit: bool,
}

impl Drop for QueuedRequest<'_> {
    fn drop(&mut self) {
        if self.has_permit {
            return;
        }
        let mut queue = self.semaphore.lock();
        // Why: a permit may be granted between the timeout, or the end of the future, and the lock. It goes to the next.
        if self.granted.try_recv().is_ok() {
            queue.release_permit(self.caller, self.semaphore.limits, Instant::now());
        } else {
            queue.remove_waiter(self.caller, self.ticket);
        }
        queue.count_out(self.caller);
    }
}
