//! Permits that callers take in turns: nobody's asking is another's waiting.
//!
//! How a request gets its permit:
//! 1. **Inside.** All requests of a caller that were let in and are not over count, whether they work, wait or have lent
//!    their permit; those whose body still arrives do not. One that would have more than half of the house is [`Refused`],
//!    and so is everybody while a whole house has lent its permits.
//! 2. **Permit.** Where one is free, and the caller does not have its share already, it is taken at once.
//! 3. **Queue.** Else the request waits: first come, first served among those of one caller, and callers take turns. Where
//!    the queue is full, a caller with fewer waiting takes the place of the newest request of one with more; that request,
//!    or else this one, is [`Refused`].
//! 4. **Deadline.** Who has waited for as long as the request allows is [`Refused`], and leaves the queue.
//! 5. **End.** A permit that is given back goes to the next in turn before anybody new takes it.
//!
//! No step asks how long an answer takes: on a machine half as fast everybody waits twice as long, and nobody is refused
//! for it.
//!
//! The share: while more than one caller was there within the last second, one holds at most [`Limits::share`] permits.
//! Alone, it may have all.

mod permit;

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

pub use self::permit::{Lent, Permit};
use super::CallerKey;

/// Callers share the permits for as long after one came that was another than the last.
const CONTENDED: Duration = Duration::from_secs(1);

/// How many callers are looked at to find one with more in the queue than the newcomer has.
///
/// Why: the lock is held meanwhile. One that asks much is the hint, or is met soon; where a thousand callers have one
/// request each in the queue, none has to give way.
const LOOKED_AT: usize = 64;

/// How much there is to share. The house holds as many requests as there are permits and places in the queue together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Permits; at least 1.
    pub permits: usize,
    /// Those that one caller holds at most while others are there; at least 1.
    pub share: usize,
    /// Requests that wait for a permit at the same time, at most.
    pub waiting: usize,
}

/// Fair permits. See the module for what a request goes through.
#[derive(Debug)]
pub struct FairSemaphore {
    limits: Limits,
    state: Mutex<State>,
}

/// The request is not served: too many wait, or it has waited for too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many requests wait")]
pub struct Refused;

/// How many requests there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Those that hold a permit.
    pub under_way: usize,
    /// Those that wait for one.
    pub waiting: usize,
    /// Those that have lent theirs while they wait for somebody else.
    pub lent: usize,
}

#[derive(Debug, Default)]
struct State {
    held: usize,
    waiting: usize,
    inside: usize,
    callers: HashMap<CallerKey, OfCaller>,
    /// Callers that have somebody in the queue, in turn.
    turns: VecDeque<CallerKey>,
    last_caller: Option<CallerKey>,
    contended_until: Option<Instant>,
    /// A caller that had many in the queue lately.
    hint: Option<CallerKey>,
    next_ticket: u64,
}

/// What one caller has. It is forgotten with its last request.
#[derive(Debug, Default)]
struct OfCaller {
    held: usize,
    inside: usize,
    queue: VecDeque<Waiter>,
}

#[derive(Debug)]
struct Waiter {
    ticket: u64,
    granted: oneshot::Sender<()>,
}

impl FairSemaphore {
    /// Nothing is held.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            state: Mutex::default(),
        }
    }

    /// How many requests there are now.
    pub fn load(&self) -> Load {
        let state = self.lock();
        Load {
            under_way: state.held,
            waiting: state.waiting,
            lent: state.inside.saturating_sub(state.held + state.waiting),
        }
    }

    /// How much there is to share.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Takes a permit, at once or after at most `patience`.
    ///
    /// # Errors
    /// Too many wait, or it took too long.
    pub async fn acquire(self: &Arc<Self>, caller: CallerKey, patience: Duration) -> Result<Permit, Refused> {
        let entered = self.lock().enter(caller, self.limits, Instant::now())?;
        let waited = entered.is_some();
        if let Some((ticket, granted)) = entered {
            let mut queued = Queued {
                semaphore: self,
                caller,
                ticket,
                granted,
                has_permit: false,
            };
            // An error of the channel: pushed out of the queue.
            let told = tokio::time::timeout(patience, &mut queued.granted).await;
            queued.has_permit = matches!(told, Ok(Ok(())));
            if !queued.has_permit {
                return Err(Refused);
            }
        }
        Ok(Permit {
            semaphore: self.clone(),
            caller,
            waited,
            lenders: AtomicUsize::new(0),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Lets a request in: with a permit, or into the queue (its ticket, and what tells it that it is its turn).
    fn enter(
        &mut self,
        key: CallerKey,
        limits: Limits,
        now: Instant,
    ) -> Result<Option<(u64, oneshot::Receiver<()>)>, Refused> {
        if self.last_caller.replace(key).is_some_and(|last| last != key) {
            self.contended_until = Some(now + CONTENDED);
        }
        let house = limits.permits + limits.waiting;
        let share = self.share(limits, now);
        let own = self.callers.get(&key).map_or(0, |caller| caller.inside);
        let lent = self.inside.saturating_sub(self.held + self.waiting);
        if lent >= house.max(1) || own >= house.div_ceil(2).max(1) {
            return Err(Refused);
        }
        self.come_in(key);
        let caller = self.callers.entry(key).or_default();
        if self.held < limits.permits && caller.held < share && caller.queue.is_empty() {
            caller.held += 1;
            self.held += 1;
            return Ok(None);
        }
        if self.waiting >= limits.waiting && !self.push_out_for(key) {
            self.leave(key);
            return Err(Refused);
        }
        let (granted, told) = oneshot::channel();
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        let caller = self.callers.entry(key).or_default();
        if caller.queue.is_empty() {
            self.turns.push_back(key);
        }
        caller.queue.push_back(Waiter { ticket, granted });
        self.waiting += 1;
        let most = self.hint.map_or(0, |hint| self.queued(hint));
        if self.queued(key) > most {
            self.hint = Some(key);
        }
        Ok(Some((ticket, told)))
    }

    fn share(&self, limits: Limits, now: Instant) -> usize {
        let contended = self.contended_until.is_some_and(|until| now < until);
        if contended { limits.share } else { limits.permits }
    }

    fn queued(&self, key: CallerKey) -> usize {
        self.callers.get(&key).map_or(0, |caller| caller.queue.len())
    }

    /// Makes room in a full queue: the newest request of a caller with more in it than this one will have.
    fn push_out_for(&mut self, key: CallerKey) -> bool {
        let own = self.queued(key) + 1;
        let has_more = |other: &CallerKey| self.queued(*other) > own;
        let hint = self.hint.filter(has_more);
        let greedy = hint.or_else(|| self.turns.iter().take(LOOKED_AT).copied().find(has_more));
        let Some(greedy) = greedy else {
            return false;
        };
        self.hint = Some(greedy);
        // Its request is told by the sender's end, and leaves by itself.
        let newest = self
            .callers
            .get_mut(&greedy)
            .and_then(|caller| caller.queue.pop_back());
        if newest.is_some() {
            self.waiting -= 1;
        }
        newest.is_some()
    }

    fn come_in(&mut self, key: CallerKey) {
        self.inside += 1;
        self.callers.entry(key).or_default().inside += 1;
    }

    /// A request is over, was never let in, or is outside for a while.
    fn leave(&mut self, key: CallerKey) {
        self.inside -= 1;
        if let Some(caller) = self.callers.get_mut(&key) {
            caller.inside -= 1;
            if caller.inside == 0 {
                self.callers.remove(&key);
            }
        }
    }

    /// Takes a request out of the queue, where it is still in it: a greedy caller's newest may have been pushed out.
    fn give_up(&mut self, key: CallerKey, ticket: u64) {
        let Some(caller) = self.callers.get_mut(&key) else {
            return;
        };
        // Tickets ascend.
        if let Ok(at) = caller.queue.binary_search_by_key(&ticket, |waiter| waiter.ticket) {
            caller.queue.remove(at);
            self.waiting -= 1;
        }
        if caller.queue.is_empty() {
            self.turns.retain(|turn| *turn != key);
        }
    }

    /// A permit is free again.
    fn give_back(&mut self, key: CallerKey, limits: Limits, now: Instant) {
        self.held -= 1;
        if let Some(caller) = self.callers.get_mut(&key) {
            caller.held -= 1;
        }
        self.serve(limits, now);
    }

    /// Takes a permit even where none is free.
    fn take_anyway(&mut self, key: CallerKey) {
        self.held += 1;
        if let Some(caller) = self.callers.get_mut(&key) {
            caller.held += 1;
        }
    }

    /// Gives what is free to those who wait, in turn; a caller that has its share is passed over.
    ///
    /// Why a walk is short: those passed over hold a share each, and there are only so many shares.
    fn serve(&mut self, limits: Limits, now: Instant) {
        let share = self.share(limits, now);
        while self.held < limits.permits {
            let next = self.turns.iter().position(|key| {
                let caller = self.callers.get(key);
                caller.is_none_or(|caller| caller.held < share || caller.queue.is_empty())
            });
            let Some(key) = next.and_then(|at| self.turns.remove(at)) else {
                return;
            };
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
            // Whoever gives up leaves the queue under the lock: nobody here has gone.
            let _here = waiter.granted.send(());
        }
    }
}

/// A request in the queue.
struct Queued<'a> {
    semaphore: &'a FairSemaphore,
    caller: CallerKey,
    ticket: u64,
    granted: oneshot::Receiver<()>,
    /// The permit is the request's now.
    has_permit: bool,
}

impl Drop for Queued<'_> {
    /// Leaves the queue. What was granted between the deadline (or the client's end) and now goes to the next.
    fn drop(&mut self) {
        if self.has_permit {
            return;
        }
        let mut state = self.semaphore.lock();
        if self.granted.try_recv().is_ok() {
            state.give_back(self.caller, self.semaphore.limits, Instant::now());
        } else {
            state.give_up(self.caller, self.ticket);
        }
        state.leave(self.caller);
    }
}

#[cfg(test)]
mod tests;
