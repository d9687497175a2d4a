//! Applying due events: a batch in one transaction, joined in memory, written in the order of the videos' ids.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::changes::settle;
use super::inbox::EVENT_COLUMNS;
use super::outbox::Outbox;
use super::outcomes::Ended;
use super::record::{VIDEO_COLUMNS, VideoRecord, videos};
use super::tx::{Tx, on_tx};
use super::{Store, StoreError, on_pool};
use crate::domain::{EventState, InboxEvent, Video};

/// Due events and every video that they may speak of.
#[derive(Debug, Default)]
pub struct Due {
    /// In the order of their receipt.
    pub events: Vec<InboxEvent>,
    /// In no order.
    pub videos: Vec<Video>,
}

/// What is to be written for a batch.
#[derive(Debug, Default)]
pub struct Plan {
    /// Videos that the batch spoke of, as they now are; untouched ones may be among them.
    pub videos: Vec<VideoChange>,
    /// One for each event.
    pub events: Vec<EventOutcome>,
}

/// A video before and after a batch.
#[derive(Debug)]
pub struct VideoChange {
    /// As it was read.
    pub before: Video,
    /// As it is to be; counters and times are set by the store.
    pub after: Video,
}

/// What becomes of one event.
#[derive(Clone, Debug)]
pub struct EventOutcome {
    /// Ours.
    pub id: Uuid,
    /// Where it stands from now on.
    pub state: EventState,
    /// Failed attempts so far.
    pub attempts: i32,
    /// Next try, of pending ones.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// Why, where it is not applied.
    pub error: Option<String>,
    /// The video that it belongs to.
    pub video_id: Option<Uuid>,
}

impl EventOutcome {
    /// The event as it stands, neither due nor tried again.
    pub fn of(event: &InboxEvent) -> Self {
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

/// What one call applied.
#[derive(Debug, Default)]
pub struct Applied {
    /// Videos that changed visibly, with their new versions.
    pub changed: Vec<(Uuid, i64)>,
    /// How many events were taken.
    pub taken: usize,
}

impl Store {
    /// Takes up to `limit` due events (or `only` that one), lets `plan` decide, and writes what it decided: all or
    /// nothing.
    ///
    /// # Errors
    /// The database fails, or an id belongs to another video.
    pub async fn apply_due(
        &self,
        now: DateTime<Utc>,
        limit: i64,
        only: Option<Uuid>,
        mut plan: impl FnMut(&Due) -> Plan + Send,
    ) -> Result<Applied, StoreError> {
        let mut tx = self.begin().await?;
        let events = tx.due_events(now, limit, only).await?;
        if events.is_empty() {
            return Ok(Applied::default());
        }
        let videos = tx.videos_of(&events).await?;
        let due = Due { events, videos };
        let decided = plan(&due);
        let mut ended = Vec::new();
        let changed = tx
            .write_changes(&self.outbox, decided.videos, now, &mut ended)
            .await?;
        if tx.finish_events(&decided.events).await? != due.events.len() as u64 {
            return Err(StoreError::Contended);
        }
        tx.commit().await?;
        self.feed.publish(&changed);
        self.outcomes.tell(ended);
        Ok(Applied {
            changed,
            taken: due.events.len(),
        })
    }

    /// The events that are due, first ones first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn due_event_ids(&self, now: DateTime<Utc>, limit: i64) -> Result<Vec<Uuid>, StoreError> {
        Ok(on_pool!(&self.readers, |pool| {
            sqlx::query_scalar(
                "select id from webhook_events where state = 'pending' and next_attempt_at <= $1 \
                 order by next_attempt_at, id limit $2",
            )
            .bind(now)
            .bind(limit)
            .fetch_all(pool)
            .await
        })?)
    }

    /// Writes what became of one event.
    ///
    /// # Errors
    /// The database fails.
    pub async fn finish_event(&self, outcome: &EventOutcome) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.finish_events(std::slice::from_ref(outcome)).await?;
        tx.commit().await
    }
}

impl Tx {
    async fn due_events(
        &mut self,
        now: DateTime<Utc>,
        limit: i64,
        only: Option<Uuid>,
    ) -> Result<Vec<InboxEvent>, StoreError> {
        let lock = self.for_update_skip_locked();
        Ok(on_tx!(self, |tx| {
            let mut query = QueryBuilder::new("select ");
            query
                .push(EVENT_COLUMNS)
                .push(" from webhook_events where state = 'pending' and next_attempt_at <= ");
            query.push_bind(now);
            if let Some(id) = only {
                query.push(" and id = ").push_bind(id);
            }
            query
                .push(" order by next_attempt_at, id limit ")
                .push_bind(limit)
                .push(lock);
            query.build_query_as().fetch_all(tx).await
        })?)
    }

    /// Every video that the events may speak of, locked, in the order of ids.
    async fn videos_of(&mut self, events: &[InboxEvent]) -> Result<Vec<Video>, StoreError> {
        let lock = self.for_update();
        let rows = on_tx!(self, |tx| {
            let mut query = QueryBuilder::new("select ");
            query.push(VIDEO_COLUMNS).push(" from videos where false");
            for (provider, keys) in keys_by_provider(events) {
                for (column, ids) in [("upload_id", keys.uploads), ("asset_id", keys.assets)] {
                    if !ids.is_empty() {
                        query
                            .push(" or (provider = ")
                            .push_bind(provider)
                            .push(" and ")
                            .push(column)
                            .push(" in (");
                        let mut list = query.separated(", ");
                        for id in ids {
                            list.push_bind(id);
                        }
                        query.push("))");
                    }
                }
                for id in keys.refs {
                    query.push(" or id = ").push_bind(id);
                }
            }
            query.push(" order by id").push(lock);
            query.build_query_as::<VideoRecord>().fetch_all(tx).await
        })?;
        videos(rows)
    }

    /// Writes what changed, in the order of ids, so that two replicas never wait for each other in a circle.
    async fn write_changes(
        &mut self,
        outbox: &Outbox,
        mut changes: Vec<VideoChange>,
        now: DateTime<Utc>,
        ended: &mut Vec<Ended>,
    ) -> Result<Vec<(Uuid, i64)>, StoreError> {
        let mut visible = Vec::new();
        changes.retain(|change| change.before != change.after);
        changes.sort_by_key(|change| change.before.id);
        for VideoChange { before, mut after } in changes {
            settle(&before, &mut after, now);
            if !self.write_video(outbox, &before, &after, now).await? {
                return Err(StoreError::Contended);
            }
            ended.extend(Ended::by(&before, &after));
            if after.version != before.version {
                visible.push((after.id, after.version));
            }
        }
        Ok(visible)
    }

    async fn finish_events(&mut self, outcomes: &[EventOutcome]) -> Result<u64, StoreError> {
        Ok(on_tx!(self, |tx| {
            let mut query = QueryBuilder::new(
                "with outcome (id, state, attempts, next_attempt_at, error, video_id) as (",
            );
            query.push_values(outcomes, |mut row, event| {
                row.push_bind(event.id)
                    .push_bind(event.state)
                    .push_bind(event.attempts)
                    .push_bind(event.next_attempt_at)
                    .push_bind(&event.error)
                    .push_bind(event.video_id);
            });
            query.push(
                ") update webhook_events set state = outcome.state, attempts = outcome.attempts, \
                 next_attempt_at = outcome.next_attempt_at, error = outcome.error, video_id = outcome.video_id \
                 from outcome where webhook_events.id = outcome.id",
            );
            query
                .build()
                .execute(tx)
                .await
                .map(|result| result.rows_affected())
        })?)
    }
}

/// The ids that the events of one provider name.
#[derive(Default)]
struct Keys<'a> {
    refs: Vec<Uuid>,
    uploads: Vec<&'a str>,
    assets: Vec<&'a str>,
}

fn keys_by_provider(events: &[InboxEvent]) -> HashMap<&str, Keys<'_>> {
    let mut map: HashMap<&str, Keys<'_>> = HashMap::new();
    for event in events {
        let keys = map.entry(&event.provider).or_default();
        keys.refs.extend(event.video_ref);
        keys.uploads.extend(event.upload_id.as_deref());
        keys.assets.extend(event.asset_id.as_deref());
    }
    map
}
