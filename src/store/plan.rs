//! The input of a [`Planner`], and its decision.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::change::VideoChange;
use crate::domain::{EventState, InboxEvent, Video};

/// Decides, in memory, what a batch of events does to its videos, at this time.
pub type Planner = dyn Fn(&Due, DateTime<Utc>) -> Plan + Send + Sync;

/// Due events and every video that they may speak of.
#[derive(Debug, Default)]
pub struct Due {
    /// The events, in no order that a planner may rely on.
    pub events: Vec<InboxEvent>,
    /// The videos, in no order.
    pub videos: Vec<Arc<Video>>,
}

/// The decision about a batch.
#[derive(Debug, Default)]
pub struct Plan {
    /// The videos that the batch spoke of, as they now are; unchanged ones may be among them.
    pub videos: Vec<VideoChange>,
    /// One outcome for each pending event of [`Due`].
    pub events: Vec<EventOutcome>,
}

/// The outcome of one event.
#[derive(Clone, Debug)]
pub struct EventOutcome {
    /// Our id of the event.
    pub id: Uuid,
    /// The state of the event from now on.
    pub state: EventState,
    /// Failed attempts so far.
    pub attempts: i32,
    /// The next attempt, of a pending event.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// The reason why the event is not applied.
    pub error: Option<String>,
    /// The video that the event belongs to.
    pub video_id: Option<Uuid>,
}

impl EventOutcome {
    /// Leaves the event as it stands, neither due nor tried again.
    pub fn leave_as_is(event: &InboxEvent) -> Self {
        Self {
            id: event.id,
            state: event.state,
            attempts: event.attempts,
            next_attempt_at: None,
            error: event.error.clone(),
            video_id: event.video_id,
        }
    }
}

/// The result of one call of [`Store::apply_due`](super::Store::apply_due).
#[derive(Debug, Default)]
pub struct Applied {
    /// Videos that changed visibly, with their new versions.
    pub changed: Vec<(Uuid, i64)>,
    /// The number of events that were taken.
    pub taken: usize,
}
