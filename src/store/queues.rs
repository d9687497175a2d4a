//! Inbox and outbox by filter: pages of a list, and bulk replays.
//!
//! A condition is *indexed* where an index has its rows in the order of ids: the video, or else a state other than the one
//! that most rows end in. All other conditions are judged row by row, for at most [`MAX_SCANNED`] rows a call:
//!
//! 1. **Bound.** One statement finds the last of these rows along the index.
//! 2. **Read.** A second statement reads what matches up to there. Where the bound was reached and there are more rows,
//!    the next call begins behind it: a page may be short, even empty, and still have a next one.
//!
//! A bulk replay reads the ids that match (step 2), oldest first, and makes them due in batches: one statement each, which
//! judges the conditions again and passes over rows that another transaction holds.
//! - The commit of each batch is its commit point. A crash, or a caller that goes away, leaves whole batches behind.
//! - Two replays at the same time share the rows between them. Why a repetition is safe: joining an event again changes
//!   nothing, and an outgoing event is sent under the same id.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Database, Encode, FromRow, QueryBuilder, Type};
use uuid::Uuid;

use super::database::{on_pool, on_tx};
use super::error::StoreError;
use super::handle::Store;
use crate::domain::{EventState, InboxEvent, OutgoingEvent, OutgoingState, first_id_at};

/// The greatest number of rows that one call looks at for conditions that no index has.
pub const MAX_SCANNED: usize = 10_000;

/// The events that a list shows, or that a bulk replay makes due.
#[derive(Clone, Debug)]
pub struct QueueFilter<S> {
    /// Only events in this state.
    pub state: Option<S>,
    /// Only events of this video.
    pub video_id: Option<Uuid>,
    /// Only events of this provider: the sender of a webhook event; the provider that the video of an outgoing event has
    /// now.
    pub provider: Option<String>,
    /// Only events of this type.
    pub event_type: Option<String>,
    /// Only events that came in, or were written, at this time or later, to the millisecond.
    pub since: Option<DateTime<Utc>>,
    /// Only events that came in, or were written, before this time, to the millisecond.
    pub until: Option<DateTime<Utc>>,
}

// Why by hand: a derived one would ask for a default state.
impl<S> Default for QueueFilter<S> {
    fn default() -> Self {
        Self {
            state: None,
            video_id: None,
            provider: None,
            event_type: None,
            since: None,
            until: None,
        }
    }
}

/// A filter of the inbox.
pub type EventFilter = QueueFilter<EventState>;
/// A filter of the outbox.
pub type OutgoingFilter = QueueFilter<OutgoingState>;

/// A state of the events of one queue, which stands for the queue itself.
pub trait QueueState: Copy + Send + Sync {
    /// A row of the queue.
    type Event: for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin;
    /// The statements' words for the queue.
    const QUEUE: Queue;

    /// The name in the database.
    fn name(self) -> &'static str;
    /// Returns the id of an event.
    fn id(event: &Self::Event) -> Uuid;
}

/// The words in which the statements of the two queues differ.
#[derive(Clone, Copy, Debug)]
pub struct Queue {
    table: &'static str,
    /// The columns of a list: those of a row, without the content.
    listed: &'static str,
    /// The state that most events end in. The index of states has none of these.
    usual_state: &'static str,
    /// Begins and ends the condition on the provider.
    provider: (&'static str, &'static str),
    has_body: &'static str,
    /// Begins the assignments that make an event due; the time follows.
    set_due: &'static str,
    /// The column of the endpoint that a replay enables; empty where there is none.
    endpoint: &'static str,
}

impl QueueState for EventState {
    type Event = InboxEvent;
    const QUEUE: Queue = Queue {
        table: "webhook_events",
        listed: "id, provider, event_id, id_is_hash, type, occurred_at, received_at, receipts, video_ref, upload_id, \
                 asset_id, state, attempts, next_attempt_at, error, video_id, null as body",
        usual_state: Self::Applied.as_str(),
        provider: ("provider = ", ""),
        has_body: "body is not null",
        set_due: "state = 'pending', attempts = 0, error = null, next_attempt_at = ",
        endpoint: "",
    };

    fn name(self) -> &'static str {
        self.as_str()
    }

    fn id(event: &InboxEvent) -> Uuid {
        event.id
    }
}

impl QueueState for OutgoingState {
    type Event = OutgoingEvent;
    const QUEUE: Queue = Queue {
        table: "outgoing_events",
        listed: "id, event_id, endpoint, video_id, version, type, '' as payload, state, attempts, next_attempt_at, \
                 answer_status, error, created_at, since, finished_at",
        usual_state: Self::Delivered.as_str(),
        provider: (
            "exists (select 1 from videos where videos.id = outgoing_events.video_id and videos.provider = ",
            ")",
        ),
        has_body: "payload <> ''",
        set_due: "state = 'pending', attempts = 0, error = null, finished_at = null, lease_until_s = 0, \
                  (next_attempt_at, since) = ",
        endpoint: "endpoint",
    };

    fn name(self) -> &'static str {
        self.as_str()
    }

    fn id(event: &OutgoingEvent) -> Uuid {
        event.id
    }
}

/// One page of a list.
#[derive(Debug)]
pub struct QueuePage<T> {
    /// The events, newest first, without their content.
    pub events: Vec<T>,
    /// The next page begins below this id; `None` on the last one.
    pub next: Option<Uuid>,
}

/// The events that one call of a bulk replay looks at.
#[derive(Debug)]
pub struct ReplayWindow {
    /// The events that match, oldest first, and whether each has its content still.
    pub events: Vec<(Uuid, bool)>,
    /// The next call begins above this id; `None` where there are no more events.
    pub next: Option<Uuid>,
}

/// The direction in which a queue is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    NewestFirst,
    OldestFirst,
}

impl Order {
    const fn suffix(self) -> &'static str {
        match self {
            Self::NewestFirst => " order by id desc",
            Self::OldestFirst => " order by id",
        }
    }
}

impl<S> QueueFilter<S> {
    /// Returns whether every event matches.
    pub const fn is_empty(&self) -> bool {
        self.state.is_none()
            && self.video_id.is_none()
            && self.provider.is_none()
            && self.event_type.is_none()
            && self.since.is_none()
            && self.until.is_none()
    }
}

impl<S: QueueState> QueueFilter<S> {
    /// Returns the state, where the index of states has its events.
    fn indexed_state(&self) -> Option<S> {
        let by_state = self.video_id.is_none();
        self.state
            .filter(|state| by_state && state.name() != S::QUEUE.usual_state)
    }

    /// Returns whether there are conditions that no index has.
    fn is_scanned(&self) -> bool {
        let by_state = self.state.is_some() && self.indexed_state().is_none();
        by_state || self.provider.is_some() || self.event_type.is_some()
    }

    /// Pushes the conditions that an index has, and the bounds of ids.
    fn push_indexed<'q, DB>(&self, query: &mut QueryBuilder<DB>, (above, below): (Option<Uuid>, Option<Uuid>))
    where
        DB: Database,
        Uuid: Encode<'q, DB> + Type<DB>,
    {
        query.push("true");
        if let Some(state) = self.indexed_state() {
            // Why twice: that the event is not in the usual state must stand in the text, since the index has no such ones.
            query.push(" and state = '").push(state.name());
            query
                .push("' and state <> '")
                .push(S::QUEUE.usual_state)
                .push("'");
        }
        if let Some(video_id) = self.video_id {
            query.push(" and video_id = ").push_bind(video_id);
        }
        let since = self.since.map(first_id_at);
        let until = self.until.map(first_id_at);
        for (sql, bound) in [
            (" and id > ", above),
            (" and id < ", below),
            (" and id >= ", since),
            (" and id < ", until),
        ] {
            if let Some(bound) = bound {
                query.push(sql).push_bind(bound);
            }
        }
    }

    /// Pushes all conditions, and the bounds of ids.
    fn push_all<'q, DB>(&'q self, query: &mut QueryBuilder<DB>, bounds: (Option<Uuid>, Option<Uuid>))
    where
        DB: Database,
        Uuid: Encode<'q, DB> + Type<DB>,
        &'q str: Encode<'q, DB> + Type<DB>,
    {
        self.push_indexed(query, bounds);
        if let Some(state) = self.state.filter(|_| self.indexed_state().is_none()) {
            query.push(" and state = '").push(state.name()).push("'");
        }
        if let Some(event_type) = &self.event_type {
            query.push(" and type = ").push_bind(event_type.as_str());
        }
        if let Some(provider) = &self.provider {
            let (begin, end) = S::QUEUE.provider;
            query
                .push(" and ")
                .push(begin)
                .push_bind(provider.as_str())
                .push(end);
        }
    }
}

impl Store {
    /// Returns one page of a queue: at most `limit` events below `before`, newest first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn list_queue<S: QueueState>(
        &self,
        filter: &QueueFilter<S>,
        before: Option<Uuid>,
        limit: usize,
    ) -> Result<QueuePage<S::Event>, StoreError> {
        let scanned_to = if filter.is_scanned() {
            self.scan_bound(filter, (None, before), Order::NewestFirst)
                .await?
        } else {
            None
        };
        let rows = i64::try_from(limit + 1).unwrap_or(i64::MAX);
        let mut events: Vec<S::Event> = on_pool!(&self.readers, |pool| {
            let mut query = QueryBuilder::new("select ");
            query
                .push(S::QUEUE.listed)
                .push(" from ")
                .push(S::QUEUE.table)
                .push(" where ");
            filter.push_all(&mut query, (None, before));
            if let Some(last) = scanned_to {
                query.push(" and id >= ").push_bind(last);
            }
            query
                .push(Order::NewestFirst.suffix())
                .push(" limit ")
                .push_bind(rows);
            query.build_query_as().fetch_all(pool).await
        })?;
        let is_full = events.len() > limit;
        events.truncate(limit);
        let next = if is_full {
            events.last().map(S::id)
        } else {
            scanned_to
        };
        Ok(QueuePage { events, next })
    }

    /// Returns the events that match above `after`: all among the first [`MAX_SCANNED`] along the index.
    ///
    /// # Errors
    /// The database fails.
    pub async fn replay_window<S: QueueState>(
        &self,
        filter: &QueueFilter<S>,
        after: Option<Uuid>,
    ) -> Result<ReplayWindow, StoreError> {
        let next = self.scan_bound(filter, (after, None), Order::OldestFirst).await?;
        // Why the limit too: without a bound there may be more by now.
        let most = i64::try_from(MAX_SCANNED).unwrap_or(i64::MAX);
        let events = on_pool!(&self.readers, |pool| {
            let mut query = QueryBuilder::new("select id, ");
            query
                .push(S::QUEUE.has_body)
                .push(" from ")
                .push(S::QUEUE.table)
                .push(" where ");
            filter.push_all(&mut query, (after, None));
            if let Some(last) = next {
                query.push(" and id <= ").push_bind(last);
            }
            query
                .push(Order::OldestFirst.suffix())
                .push(" limit ")
                .push_bind(most);
            query.build_query_as().fetch_all(pool).await
        })?;
        Ok(ReplayWindow { events, next })
    }

    /// Makes every event due, from the id `first` to the id `last`, that matches and has its content; of outgoing ones it
    /// enables the endpoints too. Returns how many.
    ///
    /// # Errors
    /// The database fails: none of them is due then.
    pub async fn replay_range<S: QueueState>(
        &self,
        filter: &QueueFilter<S>,
        (first, last): (Uuid, Uuid),
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let queue = S::QUEUE;
        let mut tx = self.begin().await?;
        let lock = self.dialect().skip_locked;
        let endpoints: Vec<Option<String>> = on_tx!(&mut tx, |tx| {
            let mut query = QueryBuilder::new("update ");
            query.push(queue.table).push(" set ").push(queue.set_due);
            if queue.endpoint.is_empty() {
                query.push_bind(now);
            } else {
                query.push("(").push_bind(now).push(", ").push_bind(now).push(")");
            }
            query
                .push(" where id in (select id from ")
                .push(queue.table)
                .push(" where ");
            filter.push_all(&mut query, (None, None));
            query
                .push(" and id >= ")
                .push_bind(first)
                .push(" and id <= ")
                .push_bind(last);
            query
                .push(" and ")
                .push(queue.has_body)
                .push(Order::OldestFirst.suffix())
                .push(lock);
            query.push(") returning ");
            query.push(if queue.endpoint.is_empty() {
                "null"
            } else {
                queue.endpoint
            });
            query.build_query_scalar().fetch_all(tx.executor()).await
        })?;
        let replayed = endpoints.len() as u64;
        let endpoints: BTreeSet<String> = endpoints.into_iter().flatten().collect();
        for endpoint in endpoints {
            tx.enable_endpoint(&endpoint).await?;
        }
        tx.commit().await?;
        Ok(replayed)
    }

    /// Returns the id of row number [`MAX_SCANNED`] of the indexed conditions within `bounds`, where more rows follow it.
    async fn scan_bound<S: QueueState>(
        &self,
        filter: &QueueFilter<S>,
        bounds: (Option<Uuid>, Option<Uuid>),
        order: Order,
    ) -> Result<Option<Uuid>, StoreError> {
        let passed = i64::try_from(MAX_SCANNED - 1).unwrap_or(i64::MAX);
        let ids: Vec<Uuid> = on_pool!(&self.readers, |pool| {
            let mut query = QueryBuilder::new("select id from ");
            query.push(S::QUEUE.table).push(" where ");
            filter.push_indexed(&mut query, bounds);
            query
                .push(order.suffix())
                .push(" limit 2 offset ")
                .push_bind(passed);
            query.build_query_scalar().fetch_all(pool).await
        })?;
        Ok(match ids[..] {
            [bound, _] => Some(bound),
            _ => None,
        })
    }
}
