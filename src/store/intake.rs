//! Group commit: events that arrive while commits run share the next one.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::Notify;
use uuid::Uuid;

use super::lanes::{Asks, Lane, Lanes};
use super::shared::{Alone, Second, Shared};
use super::take_in::{Batch, Planner, TakenIn, Way};
use super::{Ended, Store, StoreError, Stored};
use crate::chain::Chain;
use crate::domain::{InboxEvent, NewEvent};

/// Events that share a commit.
const BATCH: usize = 128;
/// Where so many wait while a commit runs, a second one begins beside it (on PostgreSQL; SQLite has one writer): the
/// database works on one while the other is read and joined. With fewer, sharing a commit costs less.
const CROWD: usize = 96;
/// That may have ended without our knowing.
const CONNECTIONS: u32 = 1;

/// Where verified events are handed in to be made durable. Cheap to clone.
#[derive(Clone)]
pub struct Intake {
    events: Shared<InboxEvent, Answer>,
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

type Taken = Result<Stored, NotStored>;
/// With the event itself, so that its memory is given back by the thread that took it, which costs least.
type Answer = (Taken, Option<InboxEvent>);

impl Intake {
    /// Starts the tasks that write. They end when the last handle is dropped.
    /// `planner` decides what a batch does to its videos.
    pub fn start(store: Store, planner: Box<Planner>) -> Self {
        let second = if store.has_replicas() {
            Second::InACrowd(CROWD)
        } else {
            Second::Never
        };
        let (events, written_by) = Shared::new(BATCH, second);
        let stored = Arc::new(Notify::new());
        let planner = Arc::new(ArcSwap::from_pointee(planner));
        let writer = Writer {
            store,
            planner: planner.clone(),
            stored: stored.clone(),
        };
        writer.start(written_by);
        Self {
            events,
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
        let (taken, _event) = self.events.ask(event.into()).await.map_err(|Alone| NotStored)?;
        taken
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
    stored: Arc<Notify>,
}

impl Writer {
    /// On PostgreSQL each lane has a thread and a connection of its own. What the database answers is seen at once,
    /// however many requests the other threads have before them; and a thread that has asked has nothing else to do:
    /// nobody's answer waits behind it while the database works in its place.
    fn start(self, lanes: Lanes<InboxEvent, Answer>) {
        if !self.store.has_replicas() {
            return lanes.spawn(|| self.clone().through(self.store.way()));
        }
        for lane in lanes.split() {
            if let Err(error) = self.clone().start_thread(lane) {
                tracing::error!(%error, "no thread for taking webhook events in");
            }
        }
    }

    fn start_thread(self, lane: Lane<InboxEvent, Answer>) -> std::io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let run = async move {
            let way = self.store.way();
            lane.run(self.through(way)).await;
        };
        let thread = std::thread::Builder::new().name("intake".to_owned());
        thread.spawn(move || runtime.block_on(run)).map(drop)
    }

    fn through(self, way: Way) -> Writing {
        Writing { writer: self, way }
    }
}

/// A writer at work.
struct Writing {
    writer: Writer,
    way: Way,
}

impl Asks<InboxEvent, Answer> for Writing {
    /// What became of each.
    async fn ask(&mut self, events: Vec<InboxEvent>) -> Vec<Option<Answer>> {
        let ids: Vec<Uuid> = events.iter().map(|event| event.id).collect();
        let planner = self.writer.planner.load_full();
        let (mut written, mut done) = (Written::default(), HashMap::with_capacity(ids.len()));
        for mut batch in Batch::by_provider(events) {
            let one = write(&self.writer.store, &mut self.way, &mut batch, &**planner).await;
            written.add(one.and_twins(batch.twins()));
            done.extend(batch.into_events().map(|event| (event.id, event)));
        }
        if written.is_left {
            self.writer.stored.notify_one();
        }
        // A caller that has gone away misses nothing: its event is stored or will come again.
        let answer = |id| Some((written.of(id), done.remove(&id)));
        ids.into_iter().map(answer).collect()
    }

    fn rest(&mut self) {
        self.way.rest();
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

async fn write(store: &Store, way: &mut Way, batch: &mut Batch, planner: &Planner) -> Written {
    let mut ended = Ended(CONNECTIONS);
    let taken = loop {
        let taken = store.take_in(way, batch, planner).await;
        if taken.is_err() {
            way.rest();
        }
        // Whether that one committed is not known, and makes no difference: what is known is not stored anew.
        if !ended.is_another(&taken) {
            break taken;
        }
    };
    match taken {
        Ok(taken) => Written::by(&taken),
        // Another writer came in between, or a row was refused: the job finds out which, event by event.
        Err(error) if error.is_of_a_row() || matches!(error, StoreError::Contended) => {
            tracing::debug!(error = %Chain(&error), "a batch of webhook events is stored first and applied later");
            store_alone(store, way, &batch.events()).await
        }
        Err(error) => {
            let events = batch.events();
            log_failure(&error, events.len());
            Written::none(&events)
        }
    }
}

async fn store_alone(store: &Store, way: &mut Way, events: &[&InboxEvent]) -> Written {
    let stored = store.store_events(way, events).await;
    if stored.is_err() {
        way.rest();
    }
    match stored {
        Ok(taken) => Written::by(&taken),
        // The statement itself was refused: one bad row must not hold up the others.
        Err(error) if error.is_of_a_row() && events.len() > 1 => {
            tracing::warn!(error = %Chain(&error), "a batch of webhook events was refused; storing them one by one");
            let mut all = Written::default();
            for event in events {
                all.add(Box::pin(store_alone(store, way, std::slice::from_ref(event))).await);
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
    if error.is_outage() {
        tracing::debug!(error = %Chain(error), count, "webhook events could not be stored");
    } else {
        tracing::error!(error = %Chain(error), count, "webhook events could not be stored");
    }
}
