//! What callers do together on PostgreSQL: reading a video, writing a new one, changing one.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

use super::follow_ups::FollowUps;
use super::outbox::Outbox;
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

    pub(super) fn start(pool: &PgPool, outbox: &Outbox) -> Self {
        let (reader, inserter) = (pool.clone(), pool.clone());
        let changer = (pool.clone(), outbox.clone());
        // A database may be far away: nobody waits for a whole round trip before his own.
        let (reads, read_by) = Shared::new(BATCH, Second::Always);
        tokio::spawn(read_by.run(move |ids| read(reader.clone(), ids)));
        let (inserts, written_by) = Shared::new(BATCH, Second::InACrowd(CROWD));
        tokio::spawn(written_by.run(move |videos| insert(inserter.clone(), videos)));
        let (changes, changed_by) = Shared::new(BATCH, Second::InACrowd(CROWD));
        tokio::spawn(changed_by.run(move |changes| change(changer.clone(), changes)));
        Self {
            reads,
            inserts,
            changes,
        }
    }
}

async fn read(pool: PgPool, asked: Vec<Uuid>) -> Vec<Option<Option<Video>>> {
    let mut ids = asked.clone();
    ids.sort_unstable();
    ids.dedup();
    let mut ended = Ended(Together::CONNECTIONS);
    let read = loop {
        let read = arrays::videos_by_id(&pool, &ids).await.map_err(StoreError::from);
        if !ended.is_another(&read) {
            break read;
        }
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

async fn insert(pool: PgPool, videos: Vec<Arc<Video>>) -> Vec<Option<()>> {
    // All of them, or none.
    match arrays::insert_videos(&pool, &videos).await {
        Ok(()) => vec![Some(()); videos.len()],
        Err(_) => Vec::new(),
    }
}

async fn change((pool, outbox): (PgPool, Outbox), changes: Vec<Change>) -> Vec<Option<()>> {
    // One a video: who comes second finds another row than it knows.
    let mut seen = HashSet::new();
    let first: Vec<&Change> = changes
        .iter()
        .filter(|(change, _)| seen.insert(change.after.id))
        .collect();
    let Ok(mut written) = write(&pool, &outbox, &first).await else {
        return Vec::new();
    };
    changes
        .iter()
        .map(|(change, _)| written.remove(&change.after.id).then_some(()))
        .collect()
}

/// The ids of those that were written.
async fn write(pool: &PgPool, outbox: &Outbox, changes: &[&Change]) -> Result<HashSet<Uuid>, StoreError> {
    let now = changes.iter().map(|(_, now)| *now).max().unwrap_or_default();
    let changes: Vec<&VideoChange> = changes.iter().map(|(change, _)| &**change).collect();
    let follow_ups = FollowUps::of(outbox, changes.iter().copied(), now);
    let written = arrays::rewrite_videos(pool, &changes, &follow_ups).await?;
    Ok(written.into_iter().collect())
}
