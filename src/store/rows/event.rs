//! `webhook_events`: one row an [`InboxEvent`].

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use super::columns::table;
use crate::domain::{EventState, InboxEvent};
use crate::sql::row_by_name;

table! {
    /// The columns of `webhook_events`. They are read by name, into an [`InboxEvent`].
    EventTable is "webhook_events", of<'r> NewEventRow<'r>;
    id: Uuid = |row| row.event.id, Once;
    provider: String = |row| row.event.provider.as_str(), Once;
    event_id: String = |row| row.event.event_id.as_str(), Once;
    id_is_hash: bool = |row| row.event.id_is_hash, Once;
    type: String = |row| row.event.event_type.as_str(), Once;
    occurred_at: Option<DateTime<Utc>> = |row| row.event.occurred_at, Once;
    received_at: DateTime<Utc> = |row| row.event.received_at, Once;
    receipts: i32 = |_row| 1, Once;
    video_ref: Option<Uuid> = |row| row.event.video_ref, Once;
    upload_id: Option<String> = |row| row.event.upload_id.as_deref(), Once;
    asset_id: Option<String> = |row| row.event.asset_id.as_deref(), Once;
    state: EventState = |row| row.state.as_str(), Once;
    attempts: i32 = |_row| 0, Once;
    next_attempt_at: Option<DateTime<Utc>> = |row| row.next_attempt_at, Once;
    error: Option<String> = |row| row.event.error.as_deref(), Once;
    video_id: Option<Uuid> = |row| row.applied_to, Once;
    body: Option<Vec<u8>> = |row| row.event.body.as_deref(), Once;
}

row_by_name! {
    InboxEvent from PgRow, SqliteRow;
    {
        id, provider, event_id, id_is_hash, event_type = "type", occurred_at, received_at, receipts, video_ref,
        upload_id, asset_id, state, attempts, next_attempt_at, error, video_id, body,
    }
    else { excerpt: None }
}

/// An event on its way into the inbox.
#[derive(Clone, Debug)]
pub(in crate::store) struct NewEventRow<'a> {
    /// The event as it was received.
    pub(in crate::store) event: &'a InboxEvent,
    /// The video that the event is applied to in the same transaction; `None` where the event is stored as it is.
    pub(in crate::store) applied_to: Option<Uuid>,
    /// The event is only applied where the change of that video is written; else it is stored as it is.
    pub(in crate::store) needs_change: bool,
    state: EventState,
    next_attempt_at: Option<DateTime<Utc>>,
}

impl<'a> NewEventRow<'a> {
    /// Makes the row of `event`. `applied` maps an event to the video that it is applied to; `changing` are the videos
    /// that change by it.
    pub(in crate::store) fn new(
        event: &'a InboxEvent,
        applied: &HashMap<Uuid, Uuid>,
        changing: &HashSet<Uuid>,
    ) -> Self {
        let applied_to = applied.get(&event.id).copied();
        Self {
            event,
            applied_to,
            needs_change: applied_to.is_some_and(|id| changing.contains(&id)),
            state: event.state,
            next_attempt_at: event.next_attempt_at,
        }
    }

    /// Decides whether the event is applied, once it is known which videos were `changed`.
    pub(in crate::store) fn settle(&mut self, changed: &HashSet<Uuid>) {
        self.applied_to = self
            .applied_to
            .filter(|id| !self.needs_change || changed.contains(id));
        if self.applied_to.is_some() {
            self.state = EventState::Applied;
            self.next_attempt_at = None;
        }
    }
}
