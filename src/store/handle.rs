//! The handle by which the rest of the program reaches the database.

use std::sync::Arc;

use super::change::{ChangeObserver, VideoChange};
use super::database::{DirectAddress, Pool, Tx};
use super::error::StoreError;
use super::feed::Feed;
use super::owner_locks::OwnerLocks;
use super::statements::Dialect;
use super::video_batcher::VideoBatcher;

/// The database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    /// For statements that only read.
    pub(super) readers: Pool,
    /// For statements that write: the same pool on PostgreSQL, the one writer on SQLite.
    pub(super) writer: Pool,
    /// Reads and writes single videos in batches. `None` on SQLite, where a statement takes no round trip.
    pub(super) batcher: Option<VideoBatcher>,
    /// Publishes visible changes within this process.
    pub(super) feed: Feed,
    pub(super) observer: Arc<dyn ChangeObserver>,
    /// The server's own address, past a transaction pooler.
    pub(super) direct: DirectAddress,
    pub(super) owner_locks: OwnerLocks,
}

impl Store {
    /// Returns `postgres` or `sqlite`, for people.
    pub const fn kind(&self) -> &'static str {
        self.dialect().kind
    }

    /// Returns whether other processes may write to the database: their changes reach this one through it alone.
    pub const fn has_replicas(&self) -> bool {
        self.dialect().has_replicas
    }

    pub(super) const fn dialect(&self) -> &'static Dialect {
        self.writer.dialect()
    }

    /// Begins to write.
    pub(super) async fn begin(&self) -> Result<Tx, StoreError> {
        self.writer.begin().await
    }

    /// Tells observers and the feed of changes. To be called after the commit.
    pub(super) fn notify<'a>(&self, changes: impl IntoIterator<Item = &'a VideoChange>) {
        let mut visible = Vec::new();
        for change in changes {
            if let Some(status) = change.final_status() {
                self.observer.video_ended(&change.after.provider, status);
            }
            visible.extend(change.visible_version());
        }
        self.feed.publish(&visible);
    }
}
