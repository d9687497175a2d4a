//! Taking webhook events in: many in one statement, each exactly once.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::tx::Tx;
use super::{Store, StoreError, on_pool};
use crate::domain::{EventState, InboxEvent};

/// What became of an event that was handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// It is durable now and was not known before.
    New,
    /// It was known; where it had failed or waited it is tried again.
    Duplicate,
}

/// Which events a list shows.
#[derive(Clone, Debug, Default)]
pub struct EventFilter {
    /// In this state alone.
    pub state: Option<EventState>,
    /// Of this video alone.
    pub video_id: Option<Uuid>,
    /// Older than this one: the last of the page before.
    pub before: Option<Uuid>,
    /// At most so many.
    pub limit: i64,
}

/// Every column that an [`InboxEvent`] is read from.
pub(super) const EVENT_COLUMNS: &str = "id, provider, event_id, id_is_hash, type, occurred_at, received_at, receipts, video_ref, \
     upload_id, asset_id, state, attempts, next_attempt_at, error, video_id, body";

impl Store {
    /// The event with this id of ours.
    ///
    /// # Errors
    /// The database fails.
    pub async fn event(&self, id: Uuid) -> Result<Option<InboxEvent>, StoreError> {
        Ok(on_pool!(&self.readers, |pool| {
            let mut query = QueryBuilder::new("select ");
            query
                .push(EVENT_COLUMNS)
                .push(" from webhook_events where id = ")
                .push_bind(id);
            query.build_query_as().fetch_optional(pool).await
        })?)
    }

    /// One page of the inbox, newest first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn list_events(&self, filter: &EventFilter) -> Result<Vec<InboxEvent>, StoreError> {
        Ok(on_pool!(&self.readers, |pool| {
            let mut query = QueryBuilder::new("select ");
            query.push(EVENT_COLUMNS).push(" from webhook_events where true");
            if let Some(state) = filter.state {
                query.push(" and state = '").push(state.as_str()).push("'");
                if state != EventState::Applied {
                    // The index of the others has none of these.
                    query.push(" and state <> 'applied'");
                }
            }
            if let Some(video_id) = filter.video_id {
                query.push(" and video_id = ").push_bind(video_id);
            }
            if let Some(before) = filter.before {
                query.push(" and id < ").push_bind(before);
            }
            query.push(" order by id desc limit ").push_bind(filter.limit);
            query.build_query_as().fetch_all(pool).await
        })?)
    }

    /// Puts parked events back to work whose video is known by now. Returns how many.
    ///
    /// # Errors
    /// The database fails.
    pub async fn release_parked(&self, now: DateTime<Utc>) -> Result<u64, StoreError> {
        Ok(on_pool!(&self.writer, |pool| {
            {
            sqlx::query(
                "update webhook_events set state = 'pending', next_attempt_at = $1 where state = 'parked' and ( \
                 exists (select 1 from videos where videos.provider = webhook_events.provider \
                 and videos.id = webhook_events.video_ref) \
                 or exists (select 1 from provider_ids as known where known.provider = webhook_events.provider \
                 and known.kind = 'upload' and known.id = webhook_events.upload_id) \
                 or exists (select 1 from provider_ids as known where known.provider = webhook_events.provider \
                 and known.kind = 'asset' and known.id = webhook_events.asset_id))",
            )
            .bind(now)
            .execute(pool)
            .await
        }
        .map(|result| result.rows_affected())
        })?)
    }

    /// Gives up events that have been parked since before `since`. Returns how many.
    ///
    /// # Errors
    /// The database fails.
    pub async fn give_up_parked(&self, since: DateTime<Utc>) -> Result<u64, StoreError> {
        Ok(on_pool!(&self.writer, |pool| {
            sqlx::query(
                "update webhook_events set state = 'given_up', error = 'no video appeared for it in time' \
                 where state = 'parked' and received_at < $1",
            )
            .bind(since)
            .execute(pool)
            .await
        }
        .map(|result| result.rows_affected()))?)
    }

    /// When the next pending event is due.
    ///
    /// # Errors
    /// The database fails.
    pub async fn next_due(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        Ok(on_pool!(&self.readers, |pool| {
            sqlx::query_scalar("select min(next_attempt_at) from webhook_events where state = 'pending'")
                .fetch_one(pool)
                .await
        })?)
    }
}

/// An event on its way into the inbox.
pub(super) struct NewRow<'a> {
    pub(super) event: &'a InboxEvent,
    /// The video that it is applied to in the same transaction; none where it goes in as it is.
    pub(super) applied_to: Option<Uuid>,
    /// It is only applied where the change of that video is written, else it goes in as it is.
    pub(super) with_change: bool,
}

impl<'a> NewRow<'a> {
    /// `applied` says which event is applied to which video, `changing` which of these change by it.
    pub(super) fn of(event: &'a InboxEvent, applied: &HashMap<Uuid, Uuid>, changing: &HashSet<Uuid>) -> Self {
        let applied_to = applied.get(&event.id).copied();
        Self {
            event,
            applied_to,
            with_change: applied_to.is_some_and(|id| changing.contains(&id)),
        }
    }

    pub(super) const fn state(&self) -> EventState {
        match self.applied_to {
            Some(_) => EventState::Applied,
            None => self.event.state,
        }
    }

    pub(super) fn next_attempt_at(&self) -> Option<DateTime<Utc>> {
        self.event.next_attempt_at.filter(|_| self.applied_to.is_none())
    }
}

impl Tx {
    /// Stores events that differ in id, in their order; those that were written. For SQLite: it has no arrays.
    pub(super) async fn insert_events(
        &mut self,
        rows: &[NewRow<'_>],
    ) -> Result<HashMap<Uuid, EventState>, StoreError> {
        let Self::Sqlite(tx) = self else {
            return Ok(HashMap::new());
        };
        let written: Vec<(Uuid, EventState)> =
            insert_events(rows).build_query_as().fetch_all(&mut **tx).await?;
        Ok(written.into_iter().collect())
    }
}

fn insert_events(rows: &[NewRow<'_>]) -> QueryBuilder<sqlx::Sqlite> {
    let mut query = QueryBuilder::new(
        "insert into webhook_events (id, provider, event_id, id_is_hash, type, occurred_at, received_at, \
                 receipts, video_ref, upload_id, asset_id, state, attempts, next_attempt_at, error, video_id, body) ",
    );
    query.push_values(rows, |mut columns, row| {
        let event = row.event;
        columns
            .push_bind(event.id)
            .push_bind(event.provider.clone())
            .push_bind(event.event_id.clone())
            .push_bind(event.id_is_hash)
            .push_bind(event.event_type.clone())
            .push_bind(event.occurred_at)
            .push_bind(event.received_at)
            .push_bind(1_i32)
            .push_bind(event.video_ref)
            .push_bind(event.upload_id.clone())
            .push_bind(event.asset_id.clone())
            .push_bind(row.state())
            .push_bind(0_i32)
            .push_bind(row.next_attempt_at())
            .push_bind(event.error.clone())
            .push_bind(row.applied_to)
            .push_bind(event.body.clone());
    });
    query.push(ON_CONFLICT).push(" returning id, state");
    query
}

/// A known event comes again. One that had not come through is tried again. One whose id is a hash of its content may
/// mean something new once its equal is applied, so it is taken in anew, under the new id of ours. The returned id
/// equals the one handed in for what is new alone.
pub(super) const ON_CONFLICT: &str = " on conflict (provider, event_id) do update set \
     id = case when webhook_events.state = 'applied' then excluded.id else webhook_events.id end, \
     received_at = case when webhook_events.state = 'applied' then excluded.received_at \
     else webhook_events.received_at end, \
     receipts = webhook_events.receipts + case when webhook_events.state = 'applied' then 1 else 0 end, \
     state = 'pending', attempts = 0, error = null, next_attempt_at = excluded.received_at \
     where webhook_events.state in ('failed', 'parked', 'given_up') \
     or (webhook_events.state = 'applied' and webhook_events.id_is_hash)";

impl Store {
    /// Marks an event as due again, whatever its state. False where there is none, or its body is gone.
    ///
    /// # Errors
    /// The database fails.
    pub async fn replay_event(&self, id: Uuid, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let done = on_pool!(&self.writer, |pool| {
            sqlx::query(
                "update webhook_events set state = 'pending', next_attempt_at = $2, attempts = 0, error = null \
                 where id = $1 and body is not null",
            )
            .bind(id)
            .bind(now)
            .execute(pool)
            .await
            .map(|result| result.rows_affected())
        })?;
        Ok(done == 1)
    }
}
