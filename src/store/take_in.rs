//! Taking a batch of webhook events in, and applying it in the same transaction where that takes no waiting.
//!
//! An event whose video is known is joined into it by the commit that makes the event durable, and so is written once.
//! The videos are read and joined before, and nothing is held meanwhile: where somebody else came in between, the row is
//! left as that one made it and its events go in as pending, as do those whose video is unknown or that cannot be applied
//! as they stand. The job takes them from there, and so decides everything that is not plain.
//!
//! An event whose id is known already changes nothing, whatever it holds this time.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::{QueryBuilder, SqlitePool};
use uuid::Uuid;

use super::apply::{Due, Plan, VideoChange, settled};
use super::inbox::NewRow;
use super::kept::Kept;
use super::keys::{Keys, videos_by_keys};
use super::outcomes::Ended;
use super::record::videos;
use super::{Store, StoreError, arrays, at_once};
use crate::domain::{EventState, InboxEvent, Video};

/// What a batch is read and written through.
#[derive(Debug)]
pub(super) enum Way {
    /// One connection for both.
    Postgres(Kept),
    /// The readers; there is one writer.
    Sqlite(SqlitePool),
}

impl Way {
    /// Nothing is kept.
    pub(super) fn rest(&mut self) {
        if let Self::Postgres(kept) = self {
            kept.give_back();
        }
    }
}

/// Decides, in memory, what a batch of events does to its videos.
pub type Planner = dyn Fn(&Due, DateTime<Utc>) -> Plan + Send + Sync;

/// Events of one provider that were handed in together, each once.
pub(super) struct Batch {
    due: Due,
    /// Known before.
    again: Vec<InboxEvent>,
    twins: HashMap<Uuid, Uuid>,
}

/// What became of a batch.
#[derive(Debug, Default)]
pub(super) struct TakenIn {
    /// Events that were written: those that were not known before under their own ids.
    pub(super) stored: HashMap<Uuid, EventState>,
    /// Videos whose change was written.
    pub(super) changed: HashSet<Uuid>,
}

impl TakenIn {
    /// Something is left to be applied.
    pub(super) fn is_left(&self) -> bool {
        self.stored.values().any(|state| *state == EventState::Pending)
    }
}

impl Batch {
    /// One batch a provider. Of events with the same identity the first one counts.
    pub(super) fn by_provider(events: Vec<InboxEvent>) -> Vec<Self> {
        let mut of: BTreeMap<String, Vec<InboxEvent>> = BTreeMap::new();
        for event in events {
            match of.get_mut(&event.provider) {
                Some(others) => others.push(event),
                None => drop(of.insert(event.provider.clone(), vec![event])),
            }
        }
        of.into_values().map(Self::of).collect()
    }

    fn of(mut events: Vec<InboxEvent>) -> Self {
        let mut twins = HashMap::new();
        // Stable: equal ones stay in the order of their receipt.
        events.sort_by(|a, b| a.event_id.cmp(&b.event_id));
        events.dedup_by(|later, first| {
            let same = later.event_id == first.event_id;
            if same {
                twins.insert(later.id, first.id);
            }
            same
        });
        Self {
            due: Due {
                events,
                videos: Vec::new(),
            },
            again: Vec::new(),
            twins,
        }
    }

    /// Events that were handed in twice: the later one → the one that stands for it.
    pub(super) const fn twins(&self) -> &HashMap<Uuid, Uuid> {
        &self.twins
    }

    /// All of its events, in the order of their identity.
    pub(super) fn events(&self) -> Vec<&InboxEvent> {
        let mut all: Vec<&InboxEvent> = self.due.events.iter().chain(&self.again).collect();
        all.sort_unstable_by_key(|event| &event.event_id);
        all
    }

    pub(super) fn into_events(self) -> impl Iterator<Item = InboxEvent> {
        self.due.events.into_iter().chain(self.again)
    }

    fn set_aside(&mut self, known: &HashSet<String>) {
        if !known.is_empty() {
            let events = std::mem::take(&mut self.due.events).into_iter();
            let (again, new): (Vec<_>, Vec<_>) = events.partition(|event| known.contains(&event.event_id));
            self.again.extend(again);
            self.due.events = new;
        }
    }
}

impl Store {
    /// Stores a batch of one provider's events, durably, and applies what is plain.
    ///
    /// # Errors
    /// The database fails, or the batch cannot be applied in one go: nothing is stored then.
    pub(super) async fn take_in(
        &self,
        by: &mut Way,
        batch: &mut Batch,
        planner: &Planner,
    ) -> Result<TakenIn, StoreError> {
        let (videos, known) = videos_and_known(by, &batch.due.events).await?;
        batch.due.videos = videos.into_iter().map(Arc::new).collect();
        // Without a video nobody has looked which are known.
        let are_new = known.is_empty() && !batch.due.videos.is_empty();
        batch.set_aside(&known);
        let events = batch.events();
        let now = latest(&events);
        let plan = planner(&batch.due, now);
        let applied = applied_by(&plan);
        let changes = settled(plan.videos, now);
        let written = self
            .write(by, (&events, are_new), &applied, &changes, now)
            .await?;
        self.tell_of(&events, &applied, &changes, &written);
        Ok(written)
    }

    /// Stores events as they are, durably, in one transaction.
    ///
    /// # Errors
    /// The database fails: none of them is stored then.
    pub(super) async fn store_events(
        &self,
        by: &mut Way,
        events: &[&InboxEvent],
    ) -> Result<TakenIn, StoreError> {
        self.write(by, (events, false), &HashMap::new(), &[], latest(events))
            .await
    }

    /// Stores events, and writes the changes of the videos that they are `applied` to, event → video.
    async fn write(
        &self,
        by: &mut Way,
        (events, are_new): (&[&InboxEvent], bool),
        applied: &HashMap<Uuid, Uuid>,
        changes: &[VideoChange],
        now: DateTime<Utc>,
    ) -> Result<TakenIn, StoreError> {
        let changing: HashSet<Uuid> = changes.iter().map(|change| change.after.id).collect();
        let rows: Vec<NewRow<'_>> = events
            .iter()
            .copied()
            .map(|event| NewRow::of(event, applied, &changing))
            .collect();
        match by {
            Way::Postgres(kept) => {
                let executor = kept.executor().await?;
                at_once::write(executor, &self.outbox, &rows, are_new, changes, now).await
            }
            Way::Sqlite(_) => self.write_in_turn(rows, changes, now).await,
        }
    }

    /// On SQLite no round trips are to be saved.
    async fn write_in_turn(
        &self,
        mut rows: Vec<NewRow<'_>>,
        changes: &[VideoChange],
        now: DateTime<Utc>,
    ) -> Result<TakenIn, StoreError> {
        let mut tx = self.begin().await?;
        let mut changed = HashSet::new();
        for change in changes {
            if tx.write_video(&self.outbox, change, now).await? {
                changed.insert(change.after.id);
            }
        }
        for row in &mut rows {
            row.applied_to = row
                .applied_to
                .filter(|id| !row.with_change || changed.contains(id));
        }
        let stored = tx.insert_events(&rows).await?;
        tx.commit().await?;
        Ok(TakenIn { stored, changed })
    }

    fn tell_of(
        &self,
        events: &[&InboxEvent],
        applied: &HashMap<Uuid, Uuid>,
        changes: &[VideoChange],
        written: &TakenIn,
    ) {
        let made = changes
            .iter()
            .filter(|change| written.changed.contains(&change.after.id));
        let made: Vec<&VideoChange> = made.collect();
        let news: Vec<(Uuid, i64)> = made.iter().filter_map(|change| change.news()).collect();
        self.feed.publish(&news);
        self.outcomes.tell(
            made.iter()
                .filter_map(|change| Ended::by(&change.before, &change.after)),
        );
        let through = |event: &&&InboxEvent| written.stored.get(&event.id) == Some(&EventState::Applied);
        for event in events.iter().filter(through) {
            if let Some(video) = applied.get(&event.id) {
                self.outcomes.applied(event, *video);
            }
        }
    }
}

/// The videos that events of one provider speak of, as far as our own ids tell where there are any, and the ids of
/// those events that the inbox has already.
async fn videos_and_known(
    by: &mut Way,
    events: &[InboxEvent],
) -> Result<(Vec<Video>, HashSet<String>), StoreError> {
    let mut keys = Keys::default();
    for event in events {
        keys.add_plain(event);
    }
    let provider = events.first().map_or("", |event| &event.provider);
    let ids: Vec<&str> = events.iter().map(|event| event.event_id.as_str()).collect();
    let (rows, known) = match by {
        Way::Postgres(kept) => {
            let executor = kept.executor().await?;
            arrays::videos_and_known(executor, provider, &keys, &ids).await?
        }
        Way::Sqlite(readers) => {
            let rows = videos_by_keys(provider, &keys)
                .build_query_as()
                .fetch_all(&*readers)
                .await?;
            let known = known(provider, &ids)
                .build_query_scalar()
                .fetch_all(&*readers)
                .await?;
            (rows, known)
        }
    };
    Ok((videos(rows)?, known.into_iter().collect()))
}

fn latest(events: &[&InboxEvent]) -> DateTime<Utc> {
    let times = events.iter().map(|event| event.received_at);
    times.max().unwrap_or_default()
}

/// Which of these the inbox has, on SQLite.
fn known(provider: &str, event_ids: &[&str]) -> QueryBuilder<sqlx::Sqlite> {
    let mut query = QueryBuilder::new("select event_id from webhook_events where provider = ");
    query.push_bind(provider.to_owned()).push(" and event_id in (");
    let mut list = query.separated(", ");
    for id in event_ids {
        list.push_bind((*id).to_owned());
    }
    query.push(")");
    query
}

/// Event → the video that it is applied to.
fn applied_by(plan: &Plan) -> HashMap<Uuid, Uuid> {
    let applied = plan
        .events
        .iter()
        .filter(|outcome| outcome.state == EventState::Applied);
    applied
        .filter_map(|outcome| Some((outcome.id, outcome.video_id?)))
        .collect()
}
