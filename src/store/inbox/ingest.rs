//! One batch of webhook events, stored and applied in one transaction, in the steps that [`inbox`](super) numbers.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::domain::{Accounts, EventState, InboxEvent, Video};
use crate::store::change::{VideoChange, effective_changes};
use crate::store::database::IngestPool;
use crate::store::error::StoreError;
use crate::store::event_keys::EventKeys;
use crate::store::handle::Store;
use crate::store::plan::{Due, Plan, Planner};
use crate::store::rows::{NewEventRow, to_videos};
use crate::store::statements::{IngestConnection, IngestWrite, Ingested};

/// Events of one provider that were handed in together, each identity once.
pub(super) struct EventBatch {
    due: Due,
    /// Events that the inbox has already.
    already_stored: Vec<InboxEvent>,
    repeats: HashMap<Uuid, Uuid>,
}

impl EventBatch {
    /// Makes one batch a provider. Of events with the same identity the first one counts.
    pub(super) fn by_provider(events: Vec<InboxEvent>) -> Vec<Self> {
        let mut by_provider: BTreeMap<String, Vec<InboxEvent>> = BTreeMap::new();
        for event in events {
            match by_provider.get_mut(&event.provider) {
                Some(others) => others.push(event),
                None => drop(by_provider.insert(event.provider.clone(), vec![event])),
            }
        }
        by_provider.into_values().map(Self::new).collect()
    }

    fn new(mut events: Vec<InboxEvent>) -> Self {
        let mut repeats = HashMap::new();
        // The sort is stable: events with the same identity stay in the order of their receipt.
        events.sort_by(|a, b| a.event_id.cmp(&b.event_id));
        events.dedup_by(|later, first| {
            let same = later.event_id == first.event_id;
            if same {
                repeats.insert(later.id, first.id);
            }
            same
        });
        Self {
            due: Due {
                events,
                videos: Vec::new(),
            },
            already_stored: Vec::new(),
            repeats,
        }
    }

    /// Returns the events that were handed in twice: the later one → the one that stands for it.
    pub(super) const fn repeats(&self) -> &HashMap<Uuid, Uuid> {
        &self.repeats
    }

    /// Returns all events, in the order of their identity.
    pub(super) fn events(&self) -> Vec<&InboxEvent> {
        let mut all: Vec<&InboxEvent> = self.due.events.iter().chain(&self.already_stored).collect();
        all.sort_unstable_by_key(|event| &event.event_id);
        all
    }

    pub(super) fn into_events(self) -> impl Iterator<Item = InboxEvent> {
        self.due.events.into_iter().chain(self.already_stored)
    }

    /// Keeps events that the inbox has already from being planned.
    fn split_known(&mut self, known: &HashSet<String>) {
        if !known.is_empty() {
            let events = std::mem::take(&mut self.due.events).into_iter();
            let (already, new): (Vec<_>, Vec<_>) = events.partition(|event| known.contains(&event.event_id));
            self.already_stored.extend(already);
            self.due.events = new;
        }
    }
}

impl Store {
    /// Opens what one ingest worker reads and writes through, on the worker's runtime: on PostgreSQL a sticky connection,
    /// whose statements are in `statements/postgres/ingest.rs`.
    pub(super) fn ingest_connection(&self) -> IngestPool {
        let own_sessions = self.direct.options().is_none();
        IngestPool::open(&self.readers, &self.writer, own_sessions)
    }

    /// Stores a batch of one provider's events, durably, and applies what is plain: steps 1 to 4.
    ///
    /// # Errors
    /// The database fails, or the batch cannot be applied in one go: nothing is stored then.
    pub(super) async fn ingest(
        &self,
        connection: &mut IngestPool,
        batch: &mut EventBatch,
        planner: &Planner,
    ) -> Result<Ingested, StoreError> {
        // 1. Read.
        let accounts = self.observer.accounts();
        let (videos, known) = read_batch(connection, &batch.due.events, &accounts).await?;
        batch.due.videos = videos.into_iter().map(Arc::new).collect();
        // Why not without videos: the inbox is only looked into where there is one.
        let are_new = known.is_empty() && !batch.due.videos.is_empty();
        batch.split_known(&known);
        let events = batch.events();
        let now = latest_receipt(&events);
        // 2. Plan.
        let plan = planner(&batch.due, now);
        let applied = applied_events(&plan);
        let changes = effective_changes(plan.videos, now);
        // 3. Write.
        let written = self
            .write_batch(connection, (&events, are_new), &applied, &changes, now)
            .await?;
        // 4. Notify.
        self.notify(
            changes
                .iter()
                .filter(|change| written.changed.contains(&change.after.id)),
        );
        for event in events {
            if let Some(video) = applied.get(&event.id)
                && written.stored.get(&event.id) == Some(&EventState::Applied)
            {
                self.observer.event_applied(event, *video);
            }
        }
        Ok(written)
    }

    /// Stores events as they are, durably, in one transaction.
    ///
    /// # Errors
    /// The database fails: none of them is stored then.
    pub(super) async fn store_events(
        &self,
        connection: &mut IngestPool,
        events: &[&InboxEvent],
    ) -> Result<Ingested, StoreError> {
        let now = latest_receipt(events);
        self.write_batch(connection, (events, false), &HashMap::new(), &[], now)
            .await
    }

    /// Stores events, and writes the changes of the videos that they are `applied` to (event → video).
    async fn write_batch(
        &self,
        connection: &mut IngestPool,
        (events, are_new): (&[&InboxEvent], bool),
        applied: &HashMap<Uuid, Uuid>,
        changes: &[VideoChange],
        now: DateTime<Utc>,
    ) -> Result<Ingested, StoreError> {
        let changing: HashSet<Uuid> = changes.iter().map(|change| change.after.id).collect();
        // An event whose video changes is applied only if that change is written.
        let rows = events
            .iter()
            .copied()
            .map(|event| NewEventRow::new(event, applied, &changing))
            .collect();
        connection
            .write(IngestWrite {
                observer: &*self.observer,
                rows,
                are_new,
                changes,
                now,
            })
            .await
    }
}

/// Reads the videos that events of one provider speak of, and which of the events the inbox has already.
async fn read_batch(
    connection: &mut IngestPool,
    events: &[InboxEvent],
    accounts: &Accounts,
) -> Result<(Vec<Video>, HashSet<String>), StoreError> {
    let mut keys = EventKeys::default();
    for event in events {
        // Our own id where the event names it; one id is enough to find the video.
        keys.add_one_id(event);
    }
    let provider = events.first().map_or("", |event| &event.provider);
    let ids: Vec<&str> = events.iter().map(|event| event.event_id.as_str()).collect();
    let maps = accounts.maps_beside(provider);
    let (rows, known) = connection.read(provider, &maps, &keys, &ids).await?;
    Ok((to_videos(rows)?, known.into_iter().collect()))
}

fn latest_receipt(events: &[&InboxEvent]) -> DateTime<Utc> {
    let times = events.iter().map(|event| event.received_at);
    times.max().unwrap_or_default()
}

/// Returns event → the video that it is applied to.
fn applied_events(plan: &Plan) -> HashMap<Uuid, Uuid> {
    let applied = plan
        .events
        .iter()
        .filter(|outcome| outcome.state == EventState::Applied);
    applied
        .filter_map(|outcome| Some((outcome.id, outcome.video_id?)))
        .collect()
}
