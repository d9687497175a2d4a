//! Taking a batch of webhook events in, and applying it in the same transaction where that takes no waiting.
//!
//! An event whose video is known and free is joined into it by the commit that makes the event durable, and so is
//! written once. Every other one goes in as pending: its video is unknown, or held by somebody else, or the event
//! cannot be applied as it stands. The job takes it from there, and so decides everything that is not plain.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::apply::{Due, Plan};
use super::inbox::NewRow;
use super::{Store, StoreError};
use crate::domain::{EventState, InboxEvent};

/// Decides, in memory, what a batch of events does to its videos.
pub type Planner = dyn Fn(&Due, DateTime<Utc>) -> Plan + Send + Sync;

/// Events that were handed in together, each once.
pub(super) struct Batch {
    due: Due,
    /// Of events that were handed in twice: the later one → the one that is stored.
    twins: HashMap<Uuid, Uuid>,
}

/// What became of a batch.
pub(super) struct TakenIn {
    /// Events that were not known before.
    pub(super) fresh: HashSet<Uuid>,
    /// Something is left to be applied.
    pub(super) left: bool,
}

impl Batch {
    /// Of those with the same identity the first one counts.
    pub(super) fn of(mut events: Vec<InboxEvent>) -> Self {
        let mut twins = HashMap::new();
        // Stable: equal ones stay in the order of their receipt.
        events.sort_by(|a, b| identity(a).cmp(&identity(b)));
        events.dedup_by(|later, first| {
            let same = identity(later) == identity(first);
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
            twins,
        }
    }

    /// The event that stands for this one: itself, unless it was handed in before.
    pub(super) fn stored_as(&self, id: Uuid) -> Uuid {
        self.twins.get(&id).copied().unwrap_or(id)
    }

    /// The events, in the order of their identity.
    pub(super) fn events(&self) -> &[InboxEvent] {
        &self.due.events
    }
}

fn identity(event: &InboxEvent) -> (&str, &str) {
    (&event.provider, &event.event_id)
}

impl Store {
    /// Stores a batch, durably, and applies what is plain.
    ///
    /// # Errors
    /// The database fails, or the batch cannot be applied in one go: nothing is stored then.
    pub(super) async fn take_in(&self, batch: &mut Batch, planner: &Planner) -> Result<TakenIn, StoreError> {
        let due = &mut batch.due;
        let now = due
            .events
            .iter()
            .map(|event| event.received_at)
            .max()
            .unwrap_or_default();
        let mut tx = self.begin().await?;
        due.videos = tx.free_videos_of(&due.events).await?;
        let mut plan = planner(due, now);
        let applied = applied_by(&plan);
        let fresh = tx.insert_events(&rows(&due.events, &applied)).await?;
        if fresh.len() < due.events.len() {
            plan = planner(&only(due, &fresh), now);
            let again = applied_by(&plan);
            if applied
                .iter()
                .any(|(id, to)| fresh.contains(id) && again.get(id) != Some(to))
            {
                // They only made sense together with an event that was known before.
                return Err(StoreError::Contended);
            }
        }
        let pending = due
            .events
            .iter()
            .filter(|event| event.state == EventState::Pending);
        let left = applied.len() < pending.count() || fresh.len() < due.events.len();
        let mut ended = Vec::new();
        let changed = tx
            .write_changes(&self.outbox, plan.videos, now, &mut ended)
            .await?;
        tx.commit().await?;
        self.feed.publish(&changed);
        self.outcomes.tell(ended);
        let new = due.events.iter().filter(|event| fresh.contains(&event.id));
        for (event, video) in new.filter_map(|event| Some((event, *applied.get(&event.id)?))) {
            self.outcomes.applied(event, video);
        }
        Ok(TakenIn { fresh, left })
    }

    /// Stores events as they are, durably, in one transaction; the ids of those that were not known before.
    ///
    /// # Errors
    /// The database fails: none of them is stored then.
    pub(super) async fn store_events(&self, events: &[InboxEvent]) -> Result<HashSet<Uuid>, StoreError> {
        let mut tx = self.begin().await?;
        let fresh = tx.insert_events(&rows(events, &HashMap::new())).await?;
        tx.commit().await?;
        Ok(fresh)
    }
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

fn rows<'a>(events: &'a [InboxEvent], applied: &HashMap<Uuid, Uuid>) -> Vec<NewRow<'a>> {
    let row = |event: &'a InboxEvent| NewRow {
        event,
        applied_to: applied.get(&event.id).copied(),
    };
    events.iter().map(row).collect()
}

/// The batch without what was known before.
fn only(due: &Due, fresh: &HashSet<Uuid>) -> Due {
    let new = due.events.iter().filter(|event| fresh.contains(&event.id));
    Due {
        events: new.cloned().collect(),
        videos: due.videos.clone(),
    }
}
