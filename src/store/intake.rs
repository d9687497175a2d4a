//! Group commit: events that arrive while a commit runs share the next one.

use std::sync::Arc;

use tokio::sync::{Notify, mpsc, oneshot};

use super::{Store, StoreError, Stored};
use crate::chain::Chain;
use crate::domain::NewEvent;

/// Events that may wait for the next commit; beyond that the provider is told to come again.
const QUEUE: usize = 4096;
/// Events that share a commit.
const BATCH: usize = 256;

/// Where verified events are handed in to be made durable. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Intake {
    sender: mpsc::Sender<Waiting>,
    stored: Arc<Notify>,
}

/// The event could not be made durable now; the provider should come again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the event could not be stored")]
pub struct NotStored;

#[derive(Debug)]
struct Waiting {
    event: NewEvent,
    answer: oneshot::Sender<Result<Stored, NotStored>>,
}

impl Intake {
    /// Starts the one task that writes. It ends when the last handle is dropped.
    pub fn start(store: Store) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let stored = Arc::new(Notify::new());
        tokio::spawn(write_batches(store, receiver, stored.clone()));
        Self { sender, stored }
    }

    /// Returns when the event is durable, or known already.
    ///
    /// # Errors
    /// The database could not take it, or too many wait.
    pub async fn submit(&self, event: NewEvent) -> Result<Stored, NotStored> {
        let (answer, answered) = oneshot::channel();
        self.sender
            .try_send(Waiting { event, answer })
            .map_err(|_| NotStored)?;
        answered.await.map_err(|_| NotStored)?
    }

    /// Wakes the one waiter when there may be something to apply.
    pub fn stored(&self) -> Arc<Notify> {
        self.stored.clone()
    }
}

async fn write_batches(store: Store, mut receiver: mpsc::Receiver<Waiting>, stored: Arc<Notify>) {
    let mut waiting = Vec::with_capacity(BATCH);
    // No timer: whoever waits when the previous commit returns goes into the next one.
    while receiver.recv_many(&mut waiting, BATCH).await > 0 {
        let (events, answers): (Vec<_>, Vec<_>) = waiting
            .drain(..)
            .map(|waiting| (waiting.event, waiting.answer))
            .unzip();
        let results = write(&store, &events).await;
        stored.notify_one();
        for (answer, result) in answers.into_iter().zip(results) {
            // A caller that has gone away misses nothing: its event is stored or will come again.
            let _gone = answer.send(result);
        }
    }
}

async fn write(store: &Store, events: &[NewEvent]) -> Vec<Result<Stored, NotStored>> {
    match store.store_events(events).await {
        Ok(stored) => stored.into_iter().map(Ok).collect(),
        // The statement itself was refused: one bad row must not hold up the others.
        Err(StoreError::Database(sqlx::Error::Database(error))) if events.len() > 1 => {
            tracing::warn!(error = %error, "a batch of webhook events was refused; storing them one by one");
            let mut results = Vec::with_capacity(events.len());
            for event in events {
                results.push(write_one(store, event).await);
            }
            results
        }
        Err(error) => {
            log_failure(&error, events.len());
            vec![Err(NotStored); events.len()]
        }
    }
}

async fn write_one(store: &Store, event: &NewEvent) -> Result<Stored, NotStored> {
    match store.store_events(std::slice::from_ref(event)).await {
        Ok(stored) => stored.first().copied().ok_or(NotStored),
        Err(error) => {
            log_failure(&error, 1);
            Err(NotStored)
        }
    }
}

fn log_failure(error: &StoreError, count: usize) {
    tracing::error!(
        error = %Chain(error),
        count,
        "webhook events could not be stored"
    );
}
