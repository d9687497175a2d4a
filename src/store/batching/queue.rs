//! A queue whose callers share statements: whatever waits while one statement runs is part of the next.
//!
//! A statement for one row costs PostgreSQL and this process mostly its round trip, and a commit its disk; under load a
//! batch divides both among its callers. There is no timer: a single caller never waits for company.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};

/// The number of requests that may wait. One more is [`NotBatched`].
const MAX_WAITING: usize = 4096;

/// Hands requests `Q` to workers and returns the response `A` of each. Cheap to clone.
#[derive(Debug)]
pub(in crate::store) struct BatchQueue<Q, A>(Arc<Senders<Q, A>>);

/// The number of batches that run at the same time.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) enum Concurrency {
    /// One batch after the other.
    One,
    /// Two, whenever a request waits while the first one runs.
    Two,
    /// Two, once this many requests wait while the first one runs.
    SecondAt(usize),
}

/// No worker answered the request. Its caller decides: single videos are read or written alone, which gets the precise
/// error; the intake refuses the event.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct NotBatched;

impl<Q, A> Clone for BatchQueue<Q, A> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<Q, A> BatchQueue<Q, A> {
    /// Makes a queue whose batches hold at most `max_batch` requests. Returns it with the shared part that
    /// [`Workers::new`](super::Workers::new) takes, and the number of workers.
    pub(super) fn new(max_batch: usize, concurrency: Concurrency) -> (Self, Arc<Pending<Q, A>>, usize) {
        let (workers, second_worker_at) = match concurrency {
            Concurrency::One => (1, usize::MAX),
            Concurrency::Two => (2, 1),
            Concurrency::SecondAt(waiting) => (2, waiting),
        };
        let pending = Arc::new(Pending {
            state: Mutex::new(State {
                waiting: VecDeque::new(),
                running: 0,
                is_woken: false,
                is_closed: false,
            }),
            wake: Notify::new(),
            max_batch,
            second_worker_at,
        });
        (Self(Arc::new(Senders(pending.clone()))), pending, workers)
    }

    /// Returns the response to one request. Its statement begins after this call.
    ///
    /// # Errors
    /// The queue is full, the workers have ended, or the batch did not answer this request.
    pub(in crate::store) async fn submit(&self, request: Q) -> Result<A, NotBatched> {
        let (sender, response) = oneshot::channel();
        self.0.0.push((request, sender))?;
        response.await.map_err(|_| NotBatched)
    }
}

/// Closes the queue when the last [`BatchQueue`] is dropped.
#[derive(Debug)]
struct Senders<Q, A>(Arc<Pending<Q, A>>);

impl<Q, A> Drop for Senders<Q, A> {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// A request, and where its response goes.
pub(super) type Waiting<Q, A> = (Q, oneshot::Sender<A>);

/// The part that callers and workers share.
#[derive(Debug)]
pub(in crate::store) struct Pending<Q, A> {
    state: Mutex<State<Q, A>>,
    /// Wakes one worker.
    pub(super) wake: Notify,
    max_batch: usize,
    /// The number of waiting requests at which a second batch runs beside the first.
    second_worker_at: usize,
}

#[derive(Debug)]
struct State<Q, A> {
    waiting: VecDeque<Waiting<Q, A>>,
    /// Batches that run now.
    running: usize,
    /// A worker was woken and has not looked yet.
    is_woken: bool,
    /// No caller is left, or no worker.
    is_closed: bool,
}

/// The next step of a [`Worker`](super::Worker).
pub(super) enum Next<Q, A> {
    Run(Vec<Waiting<Q, A>>),
    Wait,
    End,
}

impl<Q, A> Pending<Q, A> {
    fn state(&self) -> MutexGuard<'_, State<Q, A>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, request: Waiting<Q, A>) -> Result<(), NotBatched> {
        let mut state = self.state();
        if state.is_closed || state.waiting.len() >= MAX_WAITING {
            return Err(NotBatched);
        }
        state.waiting.push_back(request);
        self.wake_if_due(state);
        Ok(())
    }

    // Why the lock is dropped first: the woken worker takes it at once.
    fn wake_if_due(&self, mut state: MutexGuard<'_, State<Q, A>>) {
        if self.is_due(&state) && !state.is_woken {
            state.is_woken = true;
            drop(state);
            self.wake.notify_one();
        }
    }

    /// Returns whether a batch is to begin: the first one for any request, a second one for enough of them.
    fn is_due(&self, state: &State<Q, A>) -> bool {
        let waiting = state.waiting.len();
        waiting > 0 && (state.running == 0 || waiting >= self.second_worker_at)
    }

    /// Takes the next batch, if one is due.
    pub(super) fn next_batch(&self) -> Next<Q, A> {
        let mut state = self.state();
        state.is_woken = false;
        if self.is_due(&state) {
            state.running += 1;
            let count = state.waiting.len().min(self.max_batch);
            let batch = state.waiting.drain(..count).collect();
            // Why: what is left may be enough for the other worker.
            self.wake_if_due(state);
            Next::Run(batch)
        } else if state.is_closed {
            Next::End
        } else {
            Next::Wait
        }
    }

    /// Notes that a batch which [`Self::next_batch`] handed out has ended.
    pub(super) fn finish_batch(&self) {
        self.state().running -= 1;
    }

    /// Ends the workers, once nothing waits. One worker is woken, and wakes the other when it ends.
    pub(super) fn close(&self) {
        self.state().is_closed = true;
        self.wake.notify_one();
    }

    /// Drops every waiting request: no worker is left.
    pub(super) fn abandon(&self) {
        self.close();
        self.state().waiting.clear();
    }
}
