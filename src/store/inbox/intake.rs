//! The intake of verified webhook events: those that arrive while a commit runs share the next one.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::Notify;
use uuid::Uuid;

use super::ingest::EventBatch;
use crate::chain::Chain;
use crate::domain::{InboxEvent, NewEvent};
use crate::store::batching::{BatchHandler, BatchQueue, Concurrency, NotBatched, Worker, Workers};
use crate::store::database::IngestPool;
use crate::store::error::{ReconnectBudget, StoreError};
use crate::store::handle::Store;
use crate::store::plan::Planner;
use crate::store::statements::{IngestConnection, Ingested};

/// The number of events that share a commit at most.
const MAX_BATCH: usize = 128;
/// A second commit begins beside the first once this many events wait for it: the database works on one while the other
/// is read and planned. With fewer, sharing a commit costs less. Only on PostgreSQL: SQLite has one writer.
const SECOND_COMMIT_AT: usize = 96;
/// The number of connections that a worker keeps.
const CONNECTIONS: u32 = 1;

/// Makes verified events durable. Cheap to clone.
#[derive(Clone)]
pub struct Intake {
    events: BatchQueue<InboxEvent, Response>,
    has_pending: Arc<Notify>,
    planner: Arc<ArcSwap<Box<Planner>>>,
}

impl std::fmt::Debug for Intake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Intake")
    }
}

/// The outcome of [`Intake::submit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// The event is durable now and was not known before.
    New,
    /// The event was known. Where it had failed or waited it is tried again.
    Duplicate,
}

/// The event could not be made durable now; the provider should come again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the event could not be stored")]
pub struct NotStored;

// Why with the event: its memory is freed by the thread that allocated it, which costs least.
type Response = (Result<Stored, NotStored>, Option<InboxEvent>);

impl Intake {
    /// Starts the workers. They end when the last handle is dropped. `planner` decides what a batch does to its videos.
    pub fn start(store: Store, planner: Box<Planner>) -> Self {
        let concurrency = if store.has_replicas() {
            Concurrency::SecondAt(SECOND_COMMIT_AT)
        } else {
            Concurrency::One
        };
        let (events, workers) = Workers::new(MAX_BATCH, concurrency);
        let has_pending = Arc::new(Notify::new());
        let planner = Arc::new(ArcSwap::from_pointee(planner));
        let context = Context {
            store,
            planner: planner.clone(),
            has_pending: has_pending.clone(),
        };
        context.start(workers);
        Self {
            events,
            has_pending,
            planner,
        }
    }

    /// Has `planner` decide from the next batch on.
    pub fn plan_by(&self, planner: Box<Planner>) {
        self.planner.store(Arc::new(planner));
    }

    /// Returns when the event is durable, or known already.
    ///
    /// # Errors
    /// The database could not take it, or too many wait.
    pub async fn submit(&self, event: NewEvent) -> Result<Stored, NotStored> {
        let response = self.events.submit(event.into()).await;
        let (stored, _event) = response.map_err(|NotBatched| NotStored)?;
        stored
    }

    /// Returns what wakes the one waiter when there may be something to apply.
    pub fn pending_signal(&self) -> Arc<Notify> {
        self.has_pending.clone()
    }
}

/// The parts that every worker shares.
#[derive(Clone)]
struct Context {
    store: Store,
    planner: Arc<ArcSwap<Box<Planner>>>,
    has_pending: Arc<Notify>,
}

impl Context {
    // Why a thread and a connection for each worker on PostgreSQL: the database's response is seen at once, however
    // many requests the other threads have before them; and no response waits behind a worker that itself waits for the
    // database.
    fn start(self, workers: Workers<InboxEvent, Response>) {
        if !self.store.has_replicas() {
            return workers.spawn(|| self.clone().into_handler());
        }
        for worker in workers.split() {
            if let Err(error) = self.clone().start_thread(worker) {
                tracing::error!(%error, "no thread for taking webhook events in");
            }
        }
    }

    fn start_thread(self, worker: Worker<InboxEvent, Response>) -> std::io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let run = async move { worker.run(self.into_handler()).await };
        let thread = std::thread::Builder::new().name("intake".to_owned());
        thread.spawn(move || runtime.block_on(run)).map(drop)
    }

    /// Opens the connection of one worker, on the worker's runtime.
    fn into_handler(self) -> Handler {
        let connection = self.store.ingest_connection();
        Handler {
            context: self,
            connection,
        }
    }
}

/// Ingests the batches of one worker.
struct Handler {
    context: Context,
    connection: IngestPool,
}

impl BatchHandler<InboxEvent, Response> for Handler {
    async fn handle(&mut self, events: Vec<InboxEvent>) -> Vec<Option<Response>> {
        let ids: Vec<Uuid> = events.iter().map(|event| event.id).collect();
        let planner = self.context.planner.load_full();
        let (mut outcome, mut done) = (Outcome::default(), HashMap::with_capacity(ids.len()));
        for mut batch in EventBatch::by_provider(events) {
            let one = ingest_batch(&self.context.store, &mut self.connection, &mut batch, &**planner).await;
            outcome.add(one.with_repeats(batch.repeats()));
            done.extend(batch.into_events().map(|event| (event.id, event)));
        }
        if outcome.has_pending {
            self.context.has_pending.notify_one();
        }
        // A caller that has gone away misses nothing: its event is stored or will come again.
        let respond = |id| Some((outcome.of_event(id), done.remove(&id)));
        ids.into_iter().map(respond).collect()
    }

    fn idle(&mut self) {
        self.connection.release();
    }
}

/// The outcome of several batches, by event.
#[derive(Default)]
struct Outcome {
    /// Events that were not known before.
    new: HashSet<Uuid>,
    /// Events that are not durable.
    failed: HashSet<Uuid>,
    /// Something is left for the job that applies pending events.
    has_pending: bool,
}

impl Outcome {
    fn from_ingested(ingested: &Ingested) -> Self {
        Self {
            new: ingested.stored.keys().copied().collect(),
            has_pending: ingested.has_pending(),
            ..Self::default()
        }
    }

    fn from_failed(events: &[&InboxEvent]) -> Self {
        Self {
            failed: events.iter().map(|event| event.id).collect(),
            ..Self::default()
        }
    }

    fn add(&mut self, other: Self) {
        self.new.extend(other.new);
        self.failed.extend(other.failed);
        self.has_pending |= other.has_pending;
    }

    /// Adds events that were handed in twice: each is as durable as the one that stands for it.
    fn with_repeats(mut self, repeats: &HashMap<Uuid, Uuid>) -> Self {
        let failed: Vec<Uuid> = repeats
            .iter()
            .filter(|(_, stored_as)| self.failed.contains(*stored_as))
            .map(|(repeat, _)| *repeat)
            .collect();
        self.failed.extend(failed);
        self
    }

    fn of_event(&self, id: Uuid) -> Result<Stored, NotStored> {
        if self.failed.contains(&id) {
            Err(NotStored)
        } else if self.new.contains(&id) {
            Ok(Stored::New)
        } else {
            Ok(Stored::Duplicate)
        }
    }
}

/// Runs steps 1 to 4 of the protocol of [`inbox`](super), and step 5 where they fail.
async fn ingest_batch(
    store: &Store,
    connection: &mut IngestPool,
    batch: &mut EventBatch,
    planner: &Planner,
) -> Outcome {
    let mut reconnects = ReconnectBudget::new(CONNECTIONS);
    let ingested = loop {
        let ingested = store.ingest(connection, batch, planner).await;
        if ingested.is_err() {
            connection.release();
        }
        // Why a retry is safe: whether the lost statement committed is not known, and events that the inbox has are not
        // stored again.
        if !reconnects.allows_retry(&ingested) {
            break ingested;
        }
    };
    match ingested {
        Ok(ingested) => Outcome::from_ingested(&ingested),
        Err(error) if error.is_bad_row() || matches!(error, StoreError::Contended) => {
            tracing::debug!(error = %Chain(&error), "a batch of webhook events is stored first and applied later");
            store_pending(store, connection, &batch.events()).await
        }
        Err(error) => {
            let events = batch.events();
            log_failure(&error, events.len());
            Outcome::from_failed(&events)
        }
    }
}

/// Step 5, and where the statement is refused step 6: event by event.
async fn store_pending(store: &Store, connection: &mut IngestPool, events: &[&InboxEvent]) -> Outcome {
    let stored = store.store_events(connection, events).await;
    if stored.is_err() {
        connection.release();
    }
    match stored {
        Ok(ingested) => Outcome::from_ingested(&ingested),
        // Why one by one: one bad row must not hold up the others.
        Err(error) if error.is_bad_row() && events.len() > 1 => {
            tracing::warn!(error = %Chain(&error), "a batch of webhook events was refused; storing them one by one");
            let mut all = Outcome::default();
            for event in events {
                let one = std::slice::from_ref(event);
                all.add(Box::pin(store_pending(store, connection, one)).await);
            }
            all
        }
        Err(error) => {
            log_failure(&error, events.len());
            Outcome::from_failed(events)
        }
    }
}

// Why a debug line during an outage: one line tells of it already.
fn log_failure(error: &StoreError, count: usize) {
    if error.is_outage() {
        tracing::debug!(error = %Chain(error), count, "webhook events could not be stored");
    } else {
        tracing::error!(error = %Chain(error), count, "webhook events could not be stored");
    }
}
