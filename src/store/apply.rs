//! Applying due events: a batch in one transaction, joined in memory, written in the order of the videos' ids.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::arrays;
use super::changes::settle;
use super::follow_ups::FollowUps;
use super::inbox::EVENT_COLUMNS;
use super::keys::{keys_by_provider, videos_by_keys};
use super::outbox::Outbox;
use super::outcomes::Ended;
use super::record::{VideoRecord, videos};
use super::tx::{Tx, on_tx};
use super::videos::identity;
use super::{Store, StoreError, on_pool};
use crate::domain::{EventState, InboxEvent, Video};

/// Due events and every video that they may speak of.
#[derive(Debug, Default)]
pub struct Due {
    /// In the order of their receipt.
    pub events: Vec<InboxEvent>,
    /// In no order.
    pub videos: Vec<Arc<Video>>,
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
#[derive(Clone, Debug)]
pub struct VideoChange {
    /// As it was read.
    pub before: Arc<Video>,
    /// As it is to be: nothing but what [`Video::observe`] and [`Video::reschedule`] change, and when it is asked
    /// about next. Counters and times are set by the store.
    pub after: Video,
}

impl VideoChange {
    /// The video with its new version, where callers see a difference.
    pub(super) fn news(&self) -> Option<(Uuid, i64)> {
        (self.after.version != self.before.version).then_some((self.after.id, self.after.version))
    }
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
        let videos = videos.into_iter().map(Arc::new).collect();
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

    /// Every video that the events may speak of, locked, in the order of providers and ids.
    async fn videos_of(&mut self, events: &[InboxEvent]) -> Result<Vec<Video>, StoreError> {
        let mut rows: Vec<VideoRecord> = Vec::new();
        for (provider, keys) in keys_by_provider(events) {
            rows.extend(match self {
                // One prepared statement for every size; SQLite has no arrays, and its writer is alone.
                Self::Postgres(tx) => arrays::lock_videos_of(tx.executor(), provider, &keys).await?,
                Self::Sqlite(tx) => {
                    videos_by_keys(provider, &keys)
                        .build_query_as()
                        .fetch_all(&mut **tx)
                        .await?
                }
            });
        }
        videos(rows)
    }

    /// Writes what changed, and releases parked events where the provider's ids became known.
    pub(super) async fn write_changes(
        &mut self,
        outbox: &Outbox,
        changes: Vec<VideoChange>,
        now: DateTime<Utc>,
        ended: &mut Vec<Ended>,
    ) -> Result<Vec<(Uuid, i64)>, StoreError> {
        let changes = settled(changes, now);
        match self {
            // All in one statement, the rows being locked; on SQLite no round trips are to be saved.
            Self::Postgres(_) => self.write_at_once(outbox, &changes, now).await?,
            Self::Sqlite(_) => {
                for change in &changes {
                    if !self.write_video(outbox, change, now).await? {
                        return Err(StoreError::Contended);
                    }
                }
            }
        }
        ended.extend(
            changes
                .iter()
                .filter_map(|change| Ended::by(&change.before, &change.after)),
        );
        Ok(changes.iter().filter_map(VideoChange::news).collect())
    }

    async fn finish_events(&mut self, outcomes: &[EventOutcome]) -> Result<u64, StoreError> {
        let tx = match self {
            // One prepared statement for every size; SQLite has no arrays.
            Self::Postgres(tx) => return Ok(arrays::finish_events(tx.executor(), outcomes).await?),
            Self::Sqlite(tx) => tx,
        };
        let mut query =
            QueryBuilder::new("with outcome (id, state, attempts, next_attempt_at, error, video_id) as (");
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
        Ok(query.build().execute(&mut **tx).await?.rows_affected())
    }
}

impl Tx {
    /// Writes the rows, which are locked, in one statement.
    async fn write_at_once(
        &mut self,
        outbox: &Outbox,
        changes: &[VideoChange],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let Self::Postgres(tx) = self else { return Ok(()) };
        if changes.is_empty() {
            return Ok(());
        }
        let follow_ups = FollowUps::of(outbox, changes.iter(), now);
        let changes: Vec<&VideoChange> = changes.iter().collect();
        let written = arrays::write_videos(tx.executor(), &changes, &follow_ups)
            .await
            .map_err(identity)?;
        if written.len() != changes.len() {
            return Err(StoreError::Contended);
        }
        Ok(())
    }
}

/// Those that change anything, in the order of ids, with the counters and times that follow.
pub(super) fn settled(mut changes: Vec<VideoChange>, now: DateTime<Utc>) -> Vec<VideoChange> {
    changes.retain(|change| *change.before != change.after);
    changes.sort_by_key(|change| change.before.id);
    for VideoChange { before, after } in &mut changes {
        settle(before, after, now);
    }
    changes
}
