//! The bookkeeping of a [`FairSemaphore`](super::FairSemaphore): counts, queue and turns. Pure: the lock is the
//! semaphore's, and time is an argument.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::limits::caller_key::CallerKey;

/// The share of a caller binds for this long after a request came from another caller than the one before it.
const CONTENTION_WINDOW: Duration = Duration::from_secs(1);

/// Callers that are searched for one with more requests in the queue than the newcomer.
///
/// Why bounded: the lock is held meanwhile. A caller with many requests is the hint, or is met soon; where a thousand
/// callers have one request each in the queue, there is none to find.
const CALLERS_SEARCHED: usize = 64;

/// The bounds of a semaphore. The house holds as many requests as there are permits and places in the queue together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Number of permits; at least 1.
    pub permits: usize,
    /// Permits that one caller holds at most while other callers are there; at least 1.
    pub share: usize,
    /// Places in the queue.
    pub waiting: usize,
}

/// The request is not served: its caller has too many inside, the queue is full, or it has waited for too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many requests wait")]
pub struct Refused;

/// Numbers of requests at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Requests that hold a permit.
    pub under_way: usize,
    /// Requests in the queue.
    pub waiting: usize,
    /// Requests that have lent their permit while they wait for another service.
    pub lent: usize,
}

/// The ticket of a queued request, and the channel on which its permit is granted.
pub(super) type Queued = (u64, oneshot::Receiver<()>);

/// The counts of all requests and of each caller's, and the queue.
#[derive(Debug, Default)]
pub(super) struct FairQueue {
    /// Permits that are held; more than there are while lent ones were taken again.
    held: usize,
    /// Requests in the queues of all callers.
    waiting: usize,
    /// Requests that were admitted and have not ended.
    inside: usize,
    /// Callers that have a request inside.
    pub(super) callers: HashMap<CallerKey, Caller>,
    /// Callers that have a request in the queue, the next one to be served first. A caller is in it once.
    pub(super) turns: VecDeque<CallerKey>,
    last_caller: Option<CallerKey>,
    /// The share binds until then.
    contended_until: Option<Instant>,
    /// A caller that had many requests in the queue lately: the first candidate for an eviction.
    greedy: Option<CallerKey>,
    next_ticket: u64,
}

/// The requests of one caller. It is removed with its last request.
#[derive(Debug, Default)]
pub(super) struct Caller {
    /// Permits that it holds.
    pub(super) held: usize,
    /// Its requests that were admitted and have not ended.
    inside: usize,
    /// Its requests in the queue, oldest first; tickets ascend.
    queue: VecDeque<Waiter>,
}

#[derive(Debug)]
struct Waiter {
    ticket: u64,
    /// Sends the permit; dropped, it tells the request that it is evicted.
    granted: oneshot::Sender<()>,
}

impl FairQueue {
    pub(super) fn load(&self) -> Load {
        Load {
            under_way: self.held,
            waiting: self.waiting,
            lent: self.count_lent(),
        }
    }

    /// Admits a request of `key`: with a permit (`None`), or into the queue.
    ///
    /// # Errors
    /// [`Refused`]; the request is not counted then.
    pub(super) fn admit(
        &mut self,
        key: CallerKey,
        limits: Limits,
        now: Instant,
    ) -> Result<Option<Queued>, Refused> {
        if self.last_caller.replace(key).is_some_and(|last| last != key) {
            self.contended_until = Some(now + CONTENTION_WINDOW);
        }
        // Why half of the house: a caller that floods leaves the other half to all others.
        let house = limits.permits + limits.waiting;
        let share = self.share_at(now, limits);
        let own = self.callers.get(&key).map_or(0, |caller| caller.inside);
        if self.count_lent() >= house.max(1) || own >= house.div_ceil(2).max(1) {
            return Err(Refused);
        }
        self.count_in(key);
        let caller = self.callers.entry(key).or_default();
        // Why the queue must be empty: a newcomer does not overtake an older request of its own caller.
        if self.held < limits.permits && caller.held < share && caller.queue.is_empty() {
            caller.held += 1;
            self.held += 1;
            return Ok(None);
        }
        if self.waiting >= limits.waiting && !self.evict_for(key) {
            self.count_out(key);
            return Err(Refused);
        }
        Ok(Some(self.enqueue(key)))
    }

    /// Puts a request at the end of its caller's queue, and its caller at the end of the turns if it had none waiting.
    fn enqueue(&mut self, key: CallerKey) -> Queued {
        let (granted, receiver) = oneshot::channel();
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        let caller = self.callers.entry(key).or_default();
        if caller.queue.is_empty() {
            self.turns.push_back(key);
        }
        caller.queue.push_back(Waiter { ticket, granted });
        self.waiting += 1;
        let most = self.greedy.map_or(0, |greedy| self.queued_by(greedy));
        if self.queued_by(key) > most {
            self.greedy = Some(key);
        }
        (ticket, receiver)
    }

    /// Returns the permits that one caller may hold now.
    fn share_at(&self, now: Instant, limits: Limits) -> usize {
        let contended = self.contended_until.is_some_and(|until| now < until);
        if contended { limits.share } else { limits.permits }
    }

    /// Returns the number of requests inside that neither hold a permit nor wait for one.
    fn count_lent(&self) -> usize {
        self.inside.saturating_sub(self.held + self.waiting)
    }

    /// Returns the number of the caller's requests in the queue.
    fn queued_by(&self, key: CallerKey) -> usize {
        self.callers.get(&key).map_or(0, |caller| caller.queue.len())
    }

    /// Evicts the newest request of a caller that has more in the queue than `key` will have. Returns `false` where no such
    /// caller was found.
    fn evict_for(&mut self, key: CallerKey) -> bool {
        let own = self.queued_by(key) + 1;
        let has_more = |other: &CallerKey| self.queued_by(*other) > own;
        let hint = self.greedy.filter(has_more);
        let mut searched = self.turns.iter().take(CALLERS_SEARCHED).copied();
        let Some(greedy) = hint.or_else(|| searched.find(has_more)) else {
            return false;
        };
        self.greedy = Some(greedy);
        // The evicted request learns it from the dropped sender, and counts itself out.
        let newest = self
            .callers
            .get_mut(&greedy)
            .and_then(|caller| caller.queue.pop_back());
        if newest.is_some() {
            self.waiting -= 1;
        }
        newest.is_some()
    }

    /// Counts a request as inside: it is admitted, or its body has arrived.
    pub(super) fn count_in(&mut self, key: CallerKey) {
        self.inside += 1;
        self.callers.entry(key).or_default().inside += 1;
    }

    /// Counts a request as inside no more: it has ended, was not admitted, or its body still arrives.
    pub(super) fn count_out(&mut self, key: CallerKey) {
        self.inside -= 1;
        if let Some(caller) = self.callers.get_mut(&key) {
            caller.inside -= 1;
            if caller.inside == 0 {
                self.callers.remove(&key);
            }
        }
    }

    /// Removes a request from the queue, where it is still in it: it may have been evicted.
    pub(super) fn remove_waiter(&mut self, key: CallerKey, ticket: u64) {
        let Some(caller) = self.callers.get_mut(&key) else {
            return;
        };
        // Why a binary search works: tickets ascend in each queue.
        if let Ok(at) = caller.queue.binary_search_by_key(&ticket, |waiter| waiter.ticket) {
            caller.queue.remove(at);
            self.waiting -= 1;
        }
        if caller.queue.is_empty() {
            self.turns.retain(|turn| *turn != key);
        }
    }

    /// Takes a permit back from a request of `key`, and grants what is free to those in the queue.
    pub(super) fn release_permit(&mut self, key: CallerKey, limits: Limits, now: Instant) {
        self.held -= 1;
        if let Some(caller) = self.callers.get_mut(&key) {
            caller.held -= 1;
        }
        self.grant_free_permits(limits, now);
    }

    /// Gives a permit to a request of `key` even where none is free.
    pub(super) fn take_permit_anyway(&mut self, key: CallerKey) {
        self.held += 1;
        if let Some(caller) = self.callers.get_mut(&key) {
            caller.held += 1;
        }
    }

    /// Grants free permits to requests in the queue, one caller after another; a caller that holds its share is passed
    /// over.
    ///
    /// Why the search is short: each caller that is passed over holds a share, and there are only so many shares.
    fn grant_free_permits(&mut self, limits: Limits, now: Instant) {
        let share = self.share_at(now, limits);
        while self.held < limits.permits {
            let next = self.turns.iter().position(|key| {
                let caller = self.callers.get(key);
                caller.is_none_or(|caller| caller.held < share || caller.queue.is_empty())
            });
            let Some(key) = next.and_then(|at| self.turns.remove(at)) else {
                return;
            };
            // Not expected: a caller leaves the turns with its last request in the queue. Skipping it is harmless.
            let Some(caller) = self.callers.get_mut(&key) else {
                continue;
            };
            let waiter = caller.queue.pop_front();
            if !caller.queue.is_empty() {
                self.turns.push_back(key);
            }
            let Some(waiter) = waiter else { continue };
            self.waiting -= 1;
            caller.held += 1;
            self.held += 1;
            // Why the receiver is there: a request that gives up leaves the queue under the lock, which is held here.
            let _received = waiter.granted.send(());
        }
    }
}
