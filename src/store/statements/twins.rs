//! The traits that the two databases implement, and the values that they take.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use sqlx::postgres::PgConnectOptions;
use uuid::Uuid;

use crate::domain::{Accounts, EventState, Video};
use crate::store::change::{ChangeObserver, NewOutgoing, VideoChange};
use crate::store::connection::StickyConnection;
use crate::store::error::StoreError;
use crate::store::event_keys::EventKeys;
use crate::store::plan::EventOutcome;
use crate::store::rows::{Columns, NewEventRow, NewId, PurgedVideo, VideoRow};

/// Words that the two databases spell differently.
#[derive(Debug)]
pub(in crate::store) struct Dialect {
    /// `postgres` or `sqlite`, for people and for names of migrations.
    pub(in crate::store) kind: &'static str,
    /// The database's name, for people.
    pub(in crate::store) name: &'static str,
    /// Other processes may write to the database, and notifications announce it.
    pub(in crate::store) has_replicas: bool,
    /// Selects the version of the database.
    pub(in crate::store) version: &'static str,
    /// Counts the tables of migrations: 0 or 1.
    pub(in crate::store) migration_tables: &'static str,
    /// The database's clock, in seconds since 1970.
    pub(in crate::store) clock_s: &'static str,
    /// The database's clock, in microseconds since 1970, the same throughout a statement.
    pub(in crate::store) clock_us: &'static str,
    /// Passes over rows that another transaction holds, at the end of a `select`.
    // Why: several replicas share the work by passing over what another one holds. SQLite has one writer.
    pub(in crate::store) skip_locked: &'static str,
    /// The reported duration of a row of `videos`, in seconds; null where none is known.
    pub(in crate::store) duration_s: &'static str,
    /// The greatest of several values.
    pub(in crate::store) greatest: &'static str,
    /// The least of several values.
    pub(in crate::store) least: &'static str,
    /// A statement chooses an index by the order that only this index has; see `videos/list`.
    pub(in crate::store) index_by_order: bool,
    /// The place of the second text in the first, from 1; 0 where it is not in it.
    pub(in crate::store) position: &'static str,
    /// The playback id of a row of `videos`, as text.
    pub(in crate::store) playback_id: &'static str,
    /// A condition that always holds, and by which the commit of the statement waits for no disk.
    pub(in crate::store) without_flush: &'static str,
}

/// The treatment of rows that another transaction holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Locking {
    /// Waits for them.
    Wait,
    /// Leaves them unwritten.
    Skip,
}

/// A pool of connections.
pub(in crate::store) trait Backend {
    /// A transaction that writes.
    type Tx: WriteTx;
    /// The words of this database.
    const DIALECT: &'static Dialect;

    /// Begins to write.
    async fn begin_write(&self) -> Result<Self::Tx, StoreError>;

    /// Returns the videos with these ids, in no order.
    async fn find_videos(&self, ids: &[Uuid]) -> Result<Vec<VideoRow>, StoreError>;

    /// Makes a write without effect: a full or read-only database refuses it.
    async fn probe_write(&self) -> Result<(), StoreError>;

    /// Brings the tables up to date. `direct` is the server's own address, where [`Self`] goes through a pooler.
    async fn run_migrations(&self, direct: Option<&PgConnectOptions>) -> Result<(), StoreError>;

    /// Rewrites the database's file, so that it holds nothing of rows that were removed. Returns false where a reader is
    /// in the way: then it is to be called again.
    async fn scrub(&self) -> Result<bool, StoreError>;

    /// Returns a connection that its user keeps between statements, where other replicas are to be notified.
    fn notify_connection(&self) -> Option<StickyConnection>;
}

/// An open transaction. Dropped without a commit it is rolled back.
pub(in crate::store) trait WriteTx: Sized {
    /// Makes it durable.
    async fn commit(self) -> Result<(), StoreError>;

    /// Writes new videos; all or none.
    ///
    /// # Errors
    /// The database fails.
    async fn insert_videos(&mut self, videos: &[&Video]) -> Result<(), StoreError>;

    /// Makes ids at providers known.
    ///
    /// # Errors
    /// The database fails, or one of them belongs to another video.
    async fn insert_ids(&mut self, ids: &[NewId<'_>]) -> Result<(), StoreError>;

    /// Writes `columns` of the rows that still have the revision of [`VideoChange::before`], with what follows from
    /// each: its new ids are known, parked events that name them are due, and outgoing events are written. Returns the
    /// ids of the videos that were written.
    ///
    /// # Errors
    /// The database fails, or a new id belongs to another video.
    async fn update_videos(
        &mut self,
        observer: &dyn ChangeObserver,
        changes: &[&VideoChange],
        columns: Columns,
        now: DateTime<Utc>,
    ) -> Result<HashSet<Uuid>, StoreError>;

    /// Makes parked events of the video's account due that name the video.
    async fn release_parked(
        &mut self,
        video: &Video,
        accounts: &Accounts,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError>;

    /// Returns the videos of these maps that any of the keys names, locked until the end of the transaction, in the
    /// order of ids.
    async fn lock_videos_named(
        &mut self,
        maps: &[&str],
        keys: &EventKeys<'_>,
    ) -> Result<Vec<VideoRow>, StoreError>;

    /// Returns the videos with these ids, locked until the end of the transaction, in the order of ids.
    async fn lock_videos(&mut self, ids: &[Uuid]) -> Result<Vec<VideoRow>, StoreError>;

    /// Writes every column of the rows that still have the revision of [`VideoChange::before`], and outgoing events.
    /// Returns the number of rows that were written.
    // Why no other effects: ids that come with an asset are known already.
    async fn write_exchange(
        &mut self,
        changes: &[&VideoChange],
        outgoing: Vec<NewOutgoing>,
        now: DateTime<Utc>,
    ) -> Result<usize, StoreError>;

    /// Writes what became of events. Returns how many rows were written.
    async fn finish_events(&mut self, outcomes: &[EventOutcome]) -> Result<u64, StoreError>;

    /// Removes the bodies and errors of the video's events, also of those that name it and were applied to no video.
    /// Those that were not applied are ignored from now on.
    async fn clear_events(&mut self, video: &PurgedVideo) -> Result<(), StoreError>;

    /// Locks the owner's uploads until the end of the transaction.
    async fn lock_owner(&mut self, owner: &str) -> Result<(), StoreError>;
}

/// The connection of one ingest worker.
pub(in crate::store) trait IngestConnection: Send + 'static {
    /// Returns the videos of these `maps` that any of the keys names, as they are now, in no order; and, where there are
    /// any videos, which of these event ids of `provider` the inbox has already.
    async fn read(
        &mut self,
        provider: &str,
        maps: &[&str],
        keys: &EventKeys<'_>,
        event_ids: &[&str],
    ) -> Result<(Vec<VideoRow>, Vec<String>), StoreError>;

    /// Stores events and writes the changes of their videos, in one transaction.
    ///
    /// # Errors
    /// The database fails, or another transaction holds a row: nothing is stored then.
    async fn write(&mut self, write: IngestWrite<'_>) -> Result<Ingested, StoreError>;

    /// Releases what is held between statements.
    fn release(&mut self);
}

/// The events and changes that one batch writes.
pub(in crate::store) struct IngestWrite<'a> {
    pub(in crate::store) observer: &'a dyn ChangeObserver,
    /// Events of one provider that differ in identity, in the order of it.
    // Why in order: two replicas that store the same events take their rows in the same order.
    pub(in crate::store) rows: Vec<NewEventRow<'a>>,
    /// The inbox was seen to have none of them.
    pub(in crate::store) are_new: bool,
    /// The videos that change, in the order of ids.
    pub(in crate::store) changes: &'a [VideoChange],
    pub(in crate::store) now: DateTime<Utc>,
}

/// The outcome of an [`IngestWrite`].
#[derive(Debug, Default)]
pub(in crate::store) struct Ingested {
    /// The events that were written, by the ids that they have now. An event that came again has the id of its first
    /// receipt, and so is not found here under its own.
    pub(in crate::store) stored: HashMap<Uuid, EventState>,
    /// The videos whose change was written.
    pub(in crate::store) changed: HashSet<Uuid>,
}

impl Ingested {
    /// Returns whether something is left for the job that applies pending events.
    pub(in crate::store) fn has_pending(&self) -> bool {
        self.stored.values().any(|state| *state == EventState::Pending)
    }
}

/// The end of an insert of events, for those that the inbox knows already. An event that had not been applied is tried
/// again. One whose id is a hash of its content may mean something new once its equal is applied, so it is stored anew,
/// under the new id of ours. The id that is returned equals the inserted one for new events alone.
pub(super) const ON_KNOWN_EVENT: &str = " on conflict (provider, event_id) do update set \
     id = case when webhook_events.state = 'applied' then excluded.id else webhook_events.id end, \
     received_at = case when webhook_events.state = 'applied' then excluded.received_at \
     else webhook_events.received_at end, \
     receipts = webhook_events.receipts + case when webhook_events.state = 'applied' then 1 else 0 end, \
     state = 'pending', attempts = 0, error = null, next_attempt_at = excluded.received_at \
     where webhook_events.state in ('failed', 'parked', 'given_up') \
     or (webhook_events.state = 'applied' and webhook_events.id_is_hash)";

/// The assignments of [`WriteTx::clear_events`].
// Why ignored: without its body an event cannot be applied any more, and its provider may send it again.
pub(super) const CLEARED_EVENT: &str = "body = null, error = null, next_attempt_at = null, \
     state = case when state = 'applied' then state else 'ignored' end";
