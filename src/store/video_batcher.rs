//! Single videos, read and written in batches on PostgreSQL.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::batching::{BatchHandler, BatchQueue, Concurrency, Workers};
use super::change::{ChangeObserver, VideoChange};
use super::connection::{PgConnections, StickyConnection};
use super::error::{ReconnectBudget, StoreError};
use super::rows::{Columns, VideoRow};
use super::statements::Locking;
use super::statements::postgres::{SideEffects, find_videos, insert_videos, update_videos};
use crate::domain::Video;

/// The number of callers that share a statement at most.
const MAX_BATCH: usize = 128;
/// A second commit begins beside the first once this many writes wait for it.
const SECOND_COMMIT_AT: usize = 64;

/// The queues of single reads and writes. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct VideoBatcher {
    /// Returns the video with an id, as its row is after the request; `None` where there is no such video.
    pub(super) reads: BatchQueue<Uuid, Option<Video>>,
    /// Writes a new video.
    pub(super) inserts: BatchQueue<Arc<Video>, ()>,
    /// Writes a change where the row still has the revision before and no transaction holds it.
    // Why held rows are left: one caller's row must not make the whole batch wait.
    pub(super) changes: BatchQueue<TimedChange, ()>,
}

/// A change to one video, and the time of it.
pub(super) type TimedChange = (Arc<VideoChange>, DateTime<Utc>);

impl VideoBatcher {
    /// The number of connections that all workers need together.
    pub(super) const CONNECTIONS: u32 = 6;

    /// Starts the workers on this runtime.
    pub(super) fn start(pool: &PgConnections, observer: &Arc<dyn ChangeObserver>) -> Self {
        let connection = || StickyConnection::new(pool.clone());
        // Why always two: a database may be far away, and a caller then waits for less than a whole round trip before
        // its own begins.
        let (reads, readers) = Workers::new(MAX_BATCH, Concurrency::Two);
        readers.spawn(|| Reader(connection()));
        let (inserts, inserters) = Workers::new(MAX_BATCH, Concurrency::SecondAt(SECOND_COMMIT_AT));
        inserters.spawn(|| Inserter(connection()));
        let (changes, updaters) = Workers::new(MAX_BATCH, Concurrency::SecondAt(SECOND_COMMIT_AT));
        updaters.spawn(|| Updater(connection(), observer.clone()));
        Self {
            reads,
            inserts,
            changes,
        }
    }
}

struct Reader(StickyConnection);

impl BatchHandler<Uuid, Option<Video>> for Reader {
    async fn handle(&mut self, requests: Vec<Uuid>) -> Vec<Option<Option<Video>>> {
        let mut ids = requests.clone();
        ids.sort_unstable();
        ids.dedup();
        let mut reconnects = ReconnectBudget::new(VideoBatcher::CONNECTIONS);
        let read = loop {
            let read = self.read(&ids).await;
            if !reconnects.allows_retry(&read) {
                break read;
            }
            self.idle();
        };
        // Each caller reads alone, and gets the error.
        let Ok(rows) = read else {
            return Vec::new();
        };
        let mut found: HashMap<Uuid, Option<Video>> = HashMap::with_capacity(rows.len());
        for row in rows {
            found.insert(row.id(), Video::try_from(row).ok());
        }
        let respond = |id: Uuid| match found.get(&id) {
            None => Some(None),
            Some(Some(video)) => Some(Some(video.clone())),
            // Unreadable: to be read alone.
            Some(None) => None,
        };
        requests.into_iter().map(respond).collect()
    }

    fn idle(&mut self) {
        self.0.release();
    }
}

impl Reader {
    async fn read(&mut self, ids: &[Uuid]) -> Result<Vec<VideoRow>, StoreError> {
        let executor = self.0.executor().await?;
        Ok(find_videos(executor, ids).await?)
    }
}

struct Inserter(StickyConnection);

impl BatchHandler<Arc<Video>, ()> for Inserter {
    async fn handle(&mut self, videos: Vec<Arc<Video>>) -> Vec<Option<()>> {
        let new: Vec<&Video> = videos.iter().map(|video| &**video).collect();
        let written = match self.0.executor().await {
            Ok(executor) => insert_videos(executor, &new).await,
            Err(error) => Err(error),
        };
        // All of them, or none.
        match written {
            Ok(()) => vec![Some(()); videos.len()],
            Err(_) => Vec::new(),
        }
    }

    fn idle(&mut self) {
        self.0.release();
    }
}

struct Updater(StickyConnection, Arc<dyn ChangeObserver>);

impl BatchHandler<TimedChange, ()> for Updater {
    async fn handle(&mut self, changes: Vec<TimedChange>) -> Vec<Option<()>> {
        // One change a video: a second one was made of a row that the first has changed.
        let mut seen = HashSet::new();
        let first: Vec<&TimedChange> = changes
            .iter()
            .filter(|(change, _)| seen.insert(change.after.id))
            .collect();
        let Ok(mut written) = self.write(&first).await else {
            return Vec::new();
        };
        changes
            .iter()
            .map(|(change, _)| written.remove(&change.after.id).then_some(()))
            .collect()
    }

    fn idle(&mut self) {
        self.0.release();
    }
}

impl Updater {
    /// Returns the ids of the videos that were written.
    async fn write(&mut self, changes: &[&TimedChange]) -> Result<HashSet<Uuid>, StoreError> {
        let now = changes.iter().map(|(_, now)| *now).max().unwrap_or_default();
        let changes: Vec<&VideoChange> = changes.iter().map(|(change, _)| &**change).collect();
        let side_effects = SideEffects::new(&*self.1, &changes, now);
        let executor = self.0.executor().await?;
        let written = update_videos(
            executor,
            &changes,
            Columns::Changing,
            Locking::Skip,
            &side_effects,
        );
        Ok(written.await?)
    }
}
