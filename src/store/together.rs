//! What callers do together on PostgreSQL: reading a video, writing a new one, changing one.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::follow_ups::FollowUps;
use super::kept::Kept;
use super::lanes::Asks;
use super::outbox::Outbox;
use super::record::VideoRecord;
use super::route::Connections;
use super::shared::{Second, Shared};
use super::{Ended, StoreError, VideoChange, arrays};
use crate::domain::Video;

/// Callers that share a statement.
const BATCH: usize = 128;
/// Where so many wait to write while a commit runs, a second one begins beside it.
const CROWD: usize = 64;

/// The statements that are shared. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Together {
    /// The video with this id, as its row is after the question.
    pub(super) reads: Shared<Uuid, Option<Video>>,
    /// Writes a new video.
    pub(super) inserts: Shared<Arc<Video>, ()>,
    /// Writes a change where the row is still as it was before and nobody holds it: nobody waits for the row of another.
    pub(super) changes: Shared<Change, ()>,
}

/// A change to one video, made at this time.
pub(super) type Change = (Arc<VideoChange>, DateTime<Utc>);

impl Together {
    /// What all of it needs at most.
    pub(super) const CONNECTIONS: u32 = 6;

    pub(super) fn start(pool: &Connections, outbox: &Outbox) -> Self {
        let kept = || Kept::of(pool.clone());
        // A database may be far away: nobody waits for a whole round trip before his own.
        let (reads, read_by) = Shared::new(BATCH, Second::Always);
        read_by.spawn(|| Reader(kept()));
        let (inserts, written_by) = Shared::new(BATCH, Second::InACrowd(CROWD));
        written_by.spawn(|| Inserter(kept()));
        let (changes, changed_by) = Shared::new(BATCH, Second::InACrowd(CROWD));
        changed_by.spawn(|| Changer(kept(), outbox.clone()));
        Self {
            reads,
            inserts,
            changes,
        }
    }
}

struct Reader(Kept);

impl Asks<Uuid, Option<Video>> for Reader {
    async fn ask(&mut self, asked: Vec<Uuid>) -> Vec<Option<Option<Video>>> {
        let mut ids = asked.clone();
        ids.sort_unstable();
        ids.dedup();
        let mut ended = Ended(Together::CONNECTIONS);
        let read = loop {
            let read = self.read(&ids).await;
            if !ended.is_another(&read) {
                break read;
            }
            self.rest();
        };
        // Whoever waited reads alone, and tells of the error.
        let Ok(rows) = read else {
            return Vec::new();
        };
        let mut found: HashMap<Uuid, Option<Video>> = HashMap::with_capacity(rows.len());
        for row in rows {
            found.insert(row.id(), Video::try_from(row).ok());
        }
        let answer = |id: Uuid| match found.get(&id) {
            None => Some(None),
            Some(Some(video)) => Some(Some(video.clone())),
            // Unreadable: to be read alone.
            Some(None) => None,
        };
        asked.into_iter().map(answer).collect()
    }

    fn rest(&mut self) {
        self.0.give_back();
    }
}

impl Reader {
    async fn read(&mut self, ids: &[Uuid]) -> Result<Vec<VideoRecord>, StoreError> {
        let executor = self.0.executor().await?;
        Ok(arrays::videos_by_id(executor, ids).await?)
    }
}

struct Inserter(Kept);

impl Asks<Arc<Video>, ()> for Inserter {
    async fn ask(&mut self, videos: Vec<Arc<Video>>) -> Vec<Option<()>> {
        let written = match self.0.executor().await {
            Ok(executor) => arrays::insert_videos(executor, &videos).await,
            Err(error) => Err(error),
        };
        // All of them, or none.
        match written {
            Ok(()) => vec![Some(()); videos.len()],
            Err(_) => Vec::new(),
        }
    }

    fn rest(&mut self) {
        self.0.give_back();
    }
}

struct Changer(Kept, Outbox);

impl Asks<Change, ()> for Changer {
    async fn ask(&mut self, changes: Vec<Change>) -> Vec<Option<()>> {
        // One a video: who comes second finds another row than it knows.
        let mut seen = HashSet::new();
        let first: Vec<&Change> = changes
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

    fn rest(&mut self) {
        self.0.give_back();
    }
}

impl Changer {
    /// The ids of those that were written.
    async fn write(&mut self, changes: &[&Change]) -> Result<HashSet<Uuid>, StoreError> {
        let now = changes.iter().map(|(_, now)| *now).max().unwrap_or_default();
        let changes: Vec<&VideoChange> = changes.iter().map(|(change, _)| &**change).collect();
        let follow_ups = FollowUps::of(&self.1, changes.iter().copied(), now);
        let executor = self.0.executor().await?;
        let written = arrays::rewrite_videos(executor, &changes, &follow_ups).await?;
        Ok(written.into_iter().collect())
    }
}
