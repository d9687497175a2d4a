//! A fair queue: calls wait for the head, round-robin by caller, however many calls each caller makes.
//!
//! 1. [`FairQueue::enqueue`] gives a ticket. In an empty queue it is the head at once.
//! 2. [`QueueTicket::wait_for_head`] waits until the ticket is the head. Only the head goes on to the ledger.
//! 3. Dropping the head's ticket makes the next call the head. Dropping any other ticket takes its call out of the
//!    queue.
//! 4. A full queue evicts the last call of the caller with the most, in favour of a caller with fewer.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

/// Calls that wait at most, the head aside.
const MAX_QUEUED: usize = 1024;

/// A queue with at most one head at a time. [`FairQueue::enqueue`] joins it.
#[derive(Debug, Default)]
pub(super) struct FairQueue(Mutex<QueueState>);

#[derive(Debug, Default)]
struct QueueState {
    /// The id of the head's ticket. `None` only while no call waits.
    head: Option<u64>,
    /// Callers with their waiting calls. The first caller's first call is next.
    callers: VecDeque<(String, VecDeque<QueuedCall>)>,
    /// Waiting calls of all callers together.
    len: usize,
    last_id: u64,
}

/// A call that waits to become the head.
#[derive(Debug)]
struct QueuedCall {
    id: u64,
    /// Tells the ticket that it is the head. Dropped unsent, it tells that the call was evicted.
    promote: oneshot::Sender<()>,
}

/// A call's place in the [`FairQueue`], as head or behind it. Dropping it gives the place up.
#[derive(Debug)]
pub(super) struct QueueTicket<'a> {
    queue: &'a FairQueue,
    id: u64,
    /// Receives the promotion to head; `None` where the ticket is the head already.
    promoted: Option<oneshot::Receiver<()>>,
}

/// Error of a call that the [`FairQueue`] has no room for, or evicted for a caller with fewer calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct QueueFull;

impl FairQueue {
    /// Adds a call behind the other calls of `caller`. In an empty queue it becomes the head at once.
    ///
    /// # Errors
    /// The queue is full, and `caller` has at most one call fewer than the caller with the most.
    pub(super) fn enqueue(&self, caller: &str) -> Result<QueueTicket<'_>, QueueFull> {
        let mut state = self.lock();
        state.last_id += 1;
        let id = state.last_id;
        let promoted = if state.head.is_none() {
            state.head = Some(id);
            None
        } else {
            if state.len >= MAX_QUEUED {
                state.evict_for(caller)?;
            }
            let (promote, promoted) = oneshot::channel();
            state.push(caller, QueuedCall { id, promote });
            Some(promoted)
        };
        Ok(QueueTicket {
            queue: self,
            id,
            promoted,
        })
    }

    fn lock(&self) -> MutexGuard<'_, QueueState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl QueueState {
    /// Adds a call behind the others of `caller`; a new caller goes to the back.
    fn push(&mut self, caller: &str, call: QueuedCall) {
        self.len += 1;
        match self.callers.iter_mut().find(|(name, _)| name == caller) {
            Some((_, calls)) => calls.push_back(call),
            None => self
                .callers
                .push_back((caller.to_owned(), VecDeque::from([call]))),
        }
    }

    /// Evicts the last call of the caller with the most, where that leaves it no fewer calls than the newcomer will
    /// have.
    fn evict_for(&mut self, newcomer: &str) -> Result<(), QueueFull> {
        let own = self
            .callers
            .iter()
            .find(|(name, _)| name == newcomer)
            .map_or(0, |(_, calls)| calls.len());
        // Why the last call: it has waited for the shortest time.
        let greediest = self.callers.iter_mut().max_by_key(|(_, calls)| calls.len());
        let (_, calls) = greediest
            .filter(|(_, calls)| calls.len() > own + 1)
            .ok_or(QueueFull)?;
        if calls.pop_back().is_some() {
            self.len -= 1;
        }
        Ok(())
    }

    /// Makes the first call of the front caller the head, and sends that caller to the back.
    fn promote_next(&mut self) {
        self.head = None;
        while let Some((caller, mut calls)) = self.callers.pop_front() {
            let next = calls.pop_front();
            if !calls.is_empty() {
                self.callers.push_back((caller, calls));
            }
            let Some(next) = next else { continue };
            self.len -= 1;
            // Why skipped on an error: the ticket is being dropped and will find neither head nor queued call of its
            // id.
            if next.promote.send(()).is_ok() {
                self.head = Some(next.id);
                return;
            }
        }
    }

    /// Takes the call with this id out, if it is still queued.
    fn remove_call(&mut self, id: u64) {
        for (_, calls) in &mut self.callers {
            if let Some(at) = calls.iter().position(|call| call.id == id) {
                calls.remove(at);
                self.len -= 1;
            }
        }
        self.callers.retain(|(_, calls)| !calls.is_empty());
    }

    /// Counts the queued calls that become the head before this one does; all of them where it is no longer queued.
    fn count_ahead(&self, id: u64) -> usize {
        let position = self.callers.iter().enumerate().find_map(|(row, (_, calls))| {
            let at = calls.iter().position(|call| call.id == id)?;
            Some((row, at))
        });
        let Some((row, at)) = position else {
            return self.len;
        };
        let earlier = |(other, (_, calls)): (usize, &(String, VecDeque<QueuedCall>))| {
            // Why: each round takes one call of every caller; in the last round only callers in front come before it.
            calls.len().min(if other < row { at + 1 } else { at })
        };
        self.callers.iter().enumerate().map(earlier).sum()
    }
}

impl QueueTicket<'_> {
    /// Waits until this ticket is the head.
    ///
    /// # Errors
    /// The call was evicted for a caller with fewer calls.
    pub(super) async fn wait_for_head(&mut self) -> Result<(), QueueFull> {
        match self.promoted.as_mut() {
            None => Ok(()),
            Some(promoted) => {
                let promoted = promoted.await.map_err(|_| QueueFull);
                self.promoted = None;
                promoted
            }
        }
    }

    /// Counts the calls that go to the ledger before this one, the head included.
    pub(super) fn count_ahead(&self) -> usize {
        self.queue.lock().count_ahead(self.id) + 1
    }
}

impl Drop for QueueTicket<'_> {
    /// Promotes the next call where this ticket is the head, else leaves the queue.
    fn drop(&mut self) {
        let mut state = self.queue.lock();
        if state.head == Some(self.id) {
            state.promote_next();
        } else {
            state.remove_call(self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn is_head(ticket: &mut QueueTicket<'_>) -> bool {
        ticket.promoted.is_none() || ticket.wait_for_head().now_or_never() == Some(Ok(()))
    }

    #[test]
    fn callers_take_turns_however_many_calls_each_makes() {
        let queue = FairQueue::default();
        let names = ["a", "a", "a", "b", "a", "b", "c"];
        let mut tickets: Vec<_> = names
            .iter()
            .map(|name| Some(queue.enqueue(name).unwrap()))
            .collect();
        let mut order = Vec::new();
        for _ in names {
            let first = tickets
                .iter_mut()
                .position(|ticket| ticket.as_mut().is_some_and(is_head))
                .unwrap();
            order.push(first);
            tickets[first] = None;
        }
        assert_eq!(order, [0, 1, 3, 6, 2, 5, 4]);
        assert_eq!(queue.lock().len, 0);
        assert!(queue.lock().head.is_none());
    }

    #[test]
    fn each_knows_how_many_come_before_it() {
        let queue = FairQueue::default();
        let _head = queue.enqueue("x").unwrap();
        let tickets: Vec<_> = ["a", "a", "a", "b", "c", "b"]
            .map(|name| queue.enqueue(name).unwrap())
            .into();
        let ahead: Vec<usize> = tickets.iter().map(QueueTicket::count_ahead).collect();
        assert_eq!(ahead, [1, 4, 6, 2, 3, 5]);
    }

    #[test]
    fn a_dropped_ticket_holds_nobody_up() {
        let queue = FairQueue::default();
        let head = queue.enqueue("a").unwrap();
        let (gone, mut second) = (queue.enqueue("a").unwrap(), queue.enqueue("b").unwrap());
        let mut third = queue.enqueue("c").unwrap();
        drop(gone);
        drop(head);
        assert!(is_head(&mut second) && !is_head(&mut third));
        // Promoted, and dropped before it noticed.
        drop(second);
        assert!(is_head(&mut third));
        let mut promoted = queue.enqueue("a").unwrap();
        drop(third);
        promoted.promoted.as_mut().unwrap().close();
        drop(promoted);
        assert!(is_head(&mut queue.enqueue("b").unwrap()));
    }

    #[test]
    fn a_full_queue_still_takes_callers_with_few_calls() {
        let queue = FairQueue::default();
        let mut greedy: Vec<_> = (0..=MAX_QUEUED)
            .map(|_| queue.enqueue("greedy").unwrap())
            .collect();
        assert_eq!(queue.enqueue("greedy").unwrap_err(), QueueFull);
        let _ordinary = queue.enqueue("ordinary").unwrap();
        assert_eq!(queue.lock().len, MAX_QUEUED);
        assert_eq!(
            greedy.pop().unwrap().wait_for_head().now_or_never(),
            Some(Err(QueueFull))
        );
        drop(greedy);
        assert_eq!(queue.lock().len, 0, "the ordinary one is the head");
    }
}
