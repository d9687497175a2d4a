//! Group commit: events that arrive while commits run share the next one.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::{Mutex, Notify, mpsc, oneshot};
use uuid::Uuid;

use super::take_in::{Batch, Planner, TakenIn};
use super::{Store, StoreError, Stored};
use crate::chain::Chain;
use crate::domain::{InboxEvent, NewEvent};

/// Events that may wait for the next commit; beyond that the provider is told to come again.
const QUEUE: usize = 4096;
/// Events that share a commit.
const BATCH: usize = 256;
/// Where so many wait while a commit runs, a second one begins beside it (on PostgreSQL; SQLite has one writer): the
/// database works on one while the other is read and joined. With fewer, sharing a commit costs less.
const CROWD: usize = 64;
/// The first and the second.
const WRITERS: usize = 2;

/// Where verified events are handed in to be made durable. Cheap to clone.
#[derive(Clone)]
pub struct Intake {
    sender: mpsc::Sender<Waiting>,
    /// Calls the second writer.
    crowded: mpsc::Sender<()>,
    stored: Arc<Notify>,
    planner: Arc<ArcSwap<Box<Planner>>>,
}

impl std::fmt::Debug for Intake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Intake")
    }
}

/// The event could not be made durable now; the provider should come again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the event could not be stored")]
pub struct NotStored;

#[derive(Debug)]
struct Waiting {
    event: InboxEvent,
    answer: oneshot::Sender<Result<Stored, NotStored>>,
}

impl Intake {
    /// Starts the tasks that write. They end when the last handle is dropped.
    /// `planner` decides what a batch does to its videos.
    pub fn start(store: Store, planner: Box<Planner>) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let (crowded, calls) = mpsc::channel(1);
        let stored = Arc::new(Notify::new());
        let planner = Arc::new(ArcSwap::from_pointee(planner));
        let writer = Writer {
            store,
            planner: planner.clone(),
            receiver: Arc::new(Mutex::new(receiver)),
            stored: stored.clone(),
        };
        writer.start(calls);
        Self {
            sender,
            crowded,
            stored,
            planner,
        }
    }

    /// From the next batch on `planner` decides.
    pub fn plan_by(&self, planner: Box<Planner>) {
        self.planner.store(Arc::new(planner));
    }

    /// Returns when the event is durable, or known already.
    ///
    /// # Errors
    /// The database could not take it, or too many wait.
    pub async fn submit(&self, event: NewEvent) -> Result<Stored, NotStored> {
        let (answer, answered) = oneshot::channel();
        self.sender
            .try_send(Waiting {
                event: event.into(),
                answer,
            })
            .map_err(|_| NotStored)?;
        if QUEUE - self.sender.capacity() >= CROWD {
            // It is called already, or there is none.
            let _called = self.crowded.try_send(());
        }
        answered.await.map_err(|_| NotStored)?
    }

    /// Wakes the one waiter when there may be something to apply.
    pub fn stored(&self) -> Arc<Notify> {
        self.stored.clone()
    }
}

/// What writes.
#[derive(Clone)]
struct Writer {
    store: Store,
    planner: Arc<ArcSwap<Box<Planner>>>,
    receiver: Arc<Mutex<mpsc::Receiver<Waiting>>>,
    stored: Arc<Notify>,
}

impl Writer {
    /// On PostgreSQL on threads of their own: what the database answers is seen at once, however many requests the
    /// other threads have before them.
    fn start(self, calls: mpsc::Receiver<()>) {
        if !self.store.has_replicas() {
            tokio::spawn(self.always());
            return;
        }
        let alone = self.clone();
        let threads = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(WRITERS)
            .thread_name("intake")
            .enable_all()
            .build();
        let started = threads.and_then(|threads| {
            let keeper = std::thread::Builder::new().name("intake".to_owned());
            keeper.spawn(move || {
                threads.block_on(async move {
                    let own = u32::try_from(WRITERS)
                        .ok()
                        .and_then(|most| self.store.apart(most));
                    let writer = Self {
                        store: own.unwrap_or_else(|| self.store.clone()),
                        ..self
                    };
                    let beside = tokio::spawn(writer.clone().beside(calls));
                    let _ended = tokio::join!(tokio::spawn(writer.always()), beside);
                });
            })
        });
        if let Err(error) = started {
            tracing::warn!(%error, "no threads for taking webhook events in: the others do it");
            tokio::spawn(alone.always());
        }
    }

    /// One batch after the other. No timer: whoever waits when a commit returns goes into the next one.
    async fn always(self) {
        let mut waiting = Vec::with_capacity(BATCH);
        while self.receiver.lock().await.recv_many(&mut waiting, BATCH).await > 0 {
            self.write(&mut waiting).await;
        }
    }

    /// A batch at each call, until the last handle is dropped.
    async fn beside(self, mut calls: mpsc::Receiver<()>) {
        let mut waiting = Vec::with_capacity(BATCH);
        while calls.recv().await.is_some() {
            // Else the other one is about to take them.
            if let Ok(mut receiver) = self.receiver.try_lock() {
                while waiting.len() < BATCH
                    && let Ok(one) = receiver.try_recv()
                {
                    waiting.push(one);
                }
            }
            if !waiting.is_empty() {
                self.write(&mut waiting).await;
            }
        }
    }

    async fn write(&self, waiting: &mut Vec<Waiting>) {
        let mut answers = Vec::with_capacity(waiting.len());
        let mut events = Vec::with_capacity(waiting.len());
        for Waiting { event, answer } in waiting.drain(..) {
            answers.push((event.id, answer));
            events.push(event);
        }
        let planner = self.planner.load_full();
        let mut written = Written::default();
        for mut batch in Batch::by_provider(events) {
            let one = write(&self.store, &mut batch, &**planner).await;
            written.add(one.and_twins(batch.twins()));
        }
        if written.is_left {
            self.stored.notify_one();
        }
        for (id, answer) in answers {
            // A caller that has gone away misses nothing: its event is stored or will come again.
            let _gone = answer.send(written.of(id));
        }
    }
}

/// What batches came to, for whoever waits for one of their events.
#[derive(Default)]
struct Written {
    /// Events that were not known before.
    fresh: HashSet<Uuid>,
    /// Not durable.
    lost: HashSet<Uuid>,
    /// Something is left to be applied.
    is_left: bool,
}

impl Written {
    fn by(taken: &TakenIn) -> Self {
        Self {
            fresh: taken.stored.keys().copied().collect(),
            is_left: taken.is_left(),
            ..Self::default()
        }
    }

    fn none(events: &[&InboxEvent]) -> Self {
        Self {
            lost: events.iter().map(|event| event.id).collect(),
            ..Self::default()
        }
    }

    fn add(&mut self, other: Self) {
        self.fresh.extend(other.fresh);
        self.lost.extend(other.lost);
        self.is_left |= other.is_left;
    }

    /// An event that was handed in twice is as durable as the one that stands for it.
    fn and_twins(mut self, twins: &HashMap<Uuid, Uuid>) -> Self {
        let lost = twins
            .iter()
            .filter(|(_, stored_as)| self.lost.contains(*stored_as));
        let lost: Vec<Uuid> = lost.map(|(twin, _)| *twin).collect();
        self.lost.extend(lost);
        self
    }

    fn of(&self, id: Uuid) -> Result<Stored, NotStored> {
        if self.lost.contains(&id) {
            Err(NotStored)
        } else if self.fresh.contains(&id) {
            Ok(Stored::New)
        } else {
            Ok(Stored::Duplicate)
        }
    }
}

async fn write(store: &Store, batch: &mut Batch, planner: &Planner) -> Written {
    let mut taken = store.take_in(batch, planner).await;
    // What a server that was restarted left behind is seen when it is used. Whether it committed is not known then, and
    // makes no difference: what is known already is not stored anew.
    for _ in 0..WRITERS {
        match &taken {
            Err(error) if error.is_of_a_connection() => taken = store.take_in(batch, planner).await,
            _ => break,
        }
    }
    match taken {
        Ok(taken) => Written::by(&taken),
        // Another writer came in between, or a row was refused: the job finds out which, event by event.
        Err(error) if error.is_of_a_row() || matches!(error, StoreError::Contended) => {
            tracing::debug!(error = %Chain(&error), "a batch of webhook events is stored first and applied later");
            store_alone(store, &batch.events()).await
        }
        Err(error) => {
            let events = batch.events();
            log_failure(&error, events.len());
            Written::none(&events)
        }
    }
}

async fn store_alone(store: &Store, events: &[&InboxEvent]) -> Written {
    match store.store_events(events).await {
        Ok(taken) => Written::by(&taken),
        // The statement itself was refused: one bad row must not hold up the others.
        Err(error) if error.is_of_a_row() && events.len() > 1 => {
            tracing::warn!(error = %Chain(&error), "a batch of webhook events was refused; storing them one by one");
            let mut all = Written::default();
            for event in events {
                all.add(Box::pin(store_alone(store, std::slice::from_ref(event))).await);
            }
            all
        }
        Err(error) => {
            log_failure(&error, events.len());
            Written::none(events)
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
