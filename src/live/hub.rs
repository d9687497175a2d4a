//! [`Hub`]: the open event streams of this process, and the newest known version of each video that has one.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::stream_shares::{StreamShare, StreamShares};

/// Streams of one video at the same time.
const PER_VIDEO: usize = 20;

/// The event streams of this process. Cheap to clone; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Hub(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    streams: Mutex<Streams>,
    /// Set while notifications of other replicas are known to arrive: our own ping came back through the database.
    hears_replicas: AtomicBool,
}

#[derive(Debug, Default)]
struct Streams {
    /// The newest known version of each video with an open stream; 0 where none is known yet.
    versions: HashMap<Uuid, watch::Sender<i64>>,
    shares: StreamShares,
}

/// The reason for refusing a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// The video has as many streams as one may have.
    Video,
    /// The process has as many streams as it may, and no owner has more than its share of them.
    Process,
}

/// The place of one open stream, which ends when it is dropped.
#[derive(Debug)]
pub struct Subscription {
    hub: Hub,
    id: Uuid,
    versions: watch::Receiver<i64>,
    share: StreamShare,
}

impl Hub {
    /// Takes a place for a stream of video `id`, charged to `owner`.
    ///
    /// Where the process has `most` streams, the owner with the most of them loses its oldest
    /// ([`Subscription::evicted`]), so that no owner is refused because of another's streams.
    ///
    /// # Errors
    /// [`Full::Video`] where the video has 20 streams, [`Full::Process`] where the process has `most` and no owner has
    /// more than its share.
    pub fn subscribe(&self, id: Uuid, owner: &str, most: usize) -> Result<Subscription, Full> {
        let mut streams = self.lock();
        let open = streams.versions.get(&id).map_or(0, watch::Sender::receiver_count);
        // Why before the share: a stream that its video has no place for must not evict another owner's.
        if open >= PER_VIDEO {
            return Err(Full::Video);
        }
        let share = streams.shares.open(owner, most).ok_or(Full::Process)?;
        let sender = streams
            .versions
            .entry(id)
            .or_insert_with(|| watch::Sender::new(0));
        Ok(Subscription {
            hub: self.clone(),
            id,
            versions: sender.subscribe(),
            share,
        })
    }

    /// Returns the number of open streams, without those that were evicted.
    pub fn streams(&self) -> usize {
        self.lock().shares.len()
    }

    fn lock(&self) -> MutexGuard<'_, Streams> {
        self.0.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the streams of videos of which one of these versions is newer than the known one. Any order and repetition
    /// gives the same.
    pub(super) fn publish(&self, changes: &[(Uuid, i64)]) {
        let streams = self.lock();
        for (id, version) in changes {
            if let Some(sender) = streams.versions.get(id) {
                sender.send_if_modified(|known| {
                    let newer = *version > *known;
                    *known = (*known).max(*version);
                    newer
                });
            }
        }
    }

    /// Returns the videos that have a stream.
    pub(super) fn watched_ids(&self) -> Vec<Uuid> {
        self.lock().versions.keys().copied().collect()
    }

    /// Tells whether notifications of other replicas are known to arrive.
    pub(super) fn hears_replicas(&self) -> bool {
        self.0.hears_replicas.load(Ordering::SeqCst)
    }

    /// Notes whether notifications of other replicas arrive.
    pub(super) fn set_hears_replicas(&self, hears: bool) {
        self.0.hears_replicas.store(hears, Ordering::SeqCst);
    }
}

impl Subscription {
    /// Waits until a version of the video beyond `known` is published.
    pub async fn changed_from(&mut self, known: i64) {
        // Why no error: the hub keeps the sender for as long as the video has a subscription.
        let _never_closed = self.versions.wait_for(|version| *version > known).await;
    }

    /// Returns the token that is cancelled when the place goes to another stream: this one is to end.
    pub fn evicted(&self) -> CancellationToken {
        self.share.evicted.clone()
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut streams = self.hub.lock();
        streams.shares.close(&self.share);
        // Why 1: the receiver of this subscription is dropped only after this.
        if streams
            .versions
            .get(&self.id)
            .is_some_and(|sender| sender.receiver_count() <= 1)
        {
            streams.versions.remove(&self.id);
        }
    }
}
