//! The bound on refreshes that run at the same time.
//!
//! An event that needs the provider's answer, and finds no room, stays pending and becomes due a little later. Such events
//! become due one after another, so that a backlog of them is planned again no faster than [`SPACING`] allows.

use std::collections::HashMap;

use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

use super::refresh::Refresh;
use crate::store::Plan;

/// The greatest number of refreshes that run at the same time.
// Why no more: the calls wait for the provider's rate, and each is to end before its event is due again.
pub(super) const MAX_REFRESHES: usize = 32;
/// The wait of the first event that finds no room.
const FIRST_WAIT: Duration = Duration::seconds(1);
/// The time between two such events.
const SPACING: Duration = Duration::milliseconds(20);

/// The longest wait of such an event.
const LONGEST_WAIT: Duration = Duration::minutes(10);

/// The room for refreshes, and the line of the events that found none.
#[derive(Debug, Default)]
pub(super) struct RefreshLimit {
    free: usize,
    /// The time at which the next event without room becomes due.
    due_at: DateTime<Utc>,
    longest: DateTime<Utc>,
}

impl RefreshLimit {
    /// Counts the room beside `running` refreshes, for one batch.
    pub(super) fn count_room(&mut self, running: usize, now: DateTime<Utc>) {
        self.free = MAX_REFRESHES.saturating_sub(running);
        self.longest = now + LONGEST_WAIT;
        // Why not anew: events of this batch stand behind those of the batches before.
        self.due_at = self.due_at.clamp(now + FIRST_WAIT, self.longest);
    }

    /// Cuts `refreshes` to what there is room for. The events of the others become due later.
    pub(super) fn cut(&mut self, plan: &mut Plan, refreshes: &mut Vec<Refresh>) {
        if refreshes.len() <= self.free {
            return;
        }
        let mut due: HashMap<Uuid, DateTime<Utc>> = HashMap::new();
        for refresh in refreshes.drain(self.free..) {
            due.insert(refresh.event.id, self.due_at);
            self.due_at = (self.due_at + SPACING).min(self.longest);
        }
        for outcome in &mut plan.events {
            if let Some(at) = due.get(&outcome.id) {
                outcome.next_attempt_at = Some(*at);
            }
        }
    }
}
