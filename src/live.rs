//! Who waits for a change of which video, and how changes reach them.

mod shares;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::shares::{Share, Shares};
use crate::store::{Heard, Listener, Store, StoreError, or_rest};

/// Where notifications do not come through, watched videos are looked at so often.
const POLL: Duration = Duration::from_secs(1);
/// A sign of life through the database, so often.
const PING: Duration = Duration::from_secs(5);
/// Other replicas are told at once, and then again after so long: under load once for several batches.
const TELL_EVERY: Duration = Duration::from_millis(50);
/// Streams of one video.
const PER_VIDEO: usize = 20;

/// The streams of this process. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Hub(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    watched: Mutex<Watched>,
    /// A sign of life came back: other replicas are heard.
    hears: AtomicBool,
}

#[derive(Debug, Default)]
struct Watched {
    videos: HashMap<Uuid, watch::Sender<i64>>,
    shares: Shares,
}

/// No further stream is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// This video has as many as it may.
    Video,
    /// The process has, and no owner has more than its share of them.
    Process,
}

/// One stream's place; it is free again when dropped.
#[derive(Debug)]
pub struct Seat {
    hub: Hub,
    id: Uuid,
    versions: watch::Receiver<i64>,
    share: Share,
}

impl Hub {
    /// Takes a place for a stream of video `id`, charged to `owner`. Where the process has `most`, the owner that has
    /// most of them loses its oldest ([`Seat::given_away`]), so that no owner is refused because of another's streams.
    ///
    /// # Errors
    /// The video has 20, or the process `most` and no owner has more than its share.
    pub fn take_seat(&self, id: Uuid, owner: &str, most: usize) -> Result<Seat, Full> {
        let mut watched = self.watched();
        let open = watched.videos.get(&id).map_or(0, watch::Sender::receiver_count);
        if open >= PER_VIDEO {
            return Err(Full::Video);
        }
        let share = watched.shares.enter(owner, most).ok_or(Full::Process)?;
        let sender = watched.videos.entry(id).or_insert_with(|| watch::Sender::new(0));
        Ok(Seat {
            hub: self.clone(),
            id,
            versions: sender.subscribe(),
            share,
        })
    }

    /// How many streams there are.
    pub fn streams(&self) -> usize {
        self.watched().shares.len()
    }

    fn watched(&self) -> std::sync::MutexGuard<'_, Watched> {
        self.0.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, changes: &[(Uuid, i64)]) {
        let watched = self.watched();
        for (id, version) in changes {
            if let Some(sender) = watched.videos.get(id) {
                sender.send_if_modified(|known| {
                    let newer = *version > *known;
                    *known = (*known).max(*version);
                    newer
                });
            }
        }
    }

    fn ids(&self) -> Vec<Uuid> {
        self.watched().videos.keys().copied().collect()
    }

    async fn look(&self, store: &Store) -> Result<(), StoreError> {
        let ids = self.ids();
        if !ids.is_empty() {
            self.tell(&store.versions(&ids).await?);
        }
        Ok(())
    }
}

impl Seat {
    /// Waits until somebody reports a version beyond `known`.
    pub async fn changed_from(&mut self, known: i64) {
        // The sender lives as long as this seat does.
        let _never_closed = self.versions.wait_for(|version| *version > known).await;
    }

    /// Cancelled when the place belongs to another stream: this one is to end.
    pub fn given_away(&self) -> CancellationToken {
        self.share.given_away.clone()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut watched = self.hub.watched();
        watched.shares.leave(&self.share);
        // Our own receiver is still counted.
        if watched
            .videos
            .get(&self.id)
            .is_some_and(|sender| sender.receiver_count() <= 1)
        {
            watched.videos.remove(&self.id);
        }
    }
}

/// Carries changes to the streams until `stop`: this process's own, and those of other replicas through
/// `listen_url`.
pub async fn run(hub: Hub, store: Store, listen_url: String, me: Uuid, stop: CancellationToken) {
    let own = tokio::spawn(own_changes(hub.clone(), store.clone()));
    let mut others = Vec::new();
    if store.has_replicas() {
        others.push(tokio::spawn(tell_replicas(store.clone())));
        others.push(tokio::spawn(listen(hub.clone(), listen_url, me)));
        others.push(tokio::spawn(ping_and_poll(hub, store, me)));
    }
    stop.cancelled().await;
    own.abort();
    others.iter().for_each(tokio::task::JoinHandle::abort);
}

async fn own_changes(hub: Hub, store: Store) {
    let mut changes = store.changes();
    loop {
        match changes.recv().await {
            Ok(changes) => hub.tell(&changes),
            Err(RecvError::Lagged(_)) => log(hub.look(&store).await),
            Err(RecvError::Closed) => return,
        }
    }
}

/// Of a video that changed several times meanwhile only the last version is told.
async fn tell_replicas(store: Store) {
    let (mut changes, mut replicas) = (store.changes(), store.notifier());
    loop {
        let first = match or_rest(changes.recv(), || replicas.rest()).await {
            Ok(first) => first,
            Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => return,
        };
        let (mut versions, mut next) = (HashMap::new(), Some(first));
        while let Some(batch) = next {
            for (id, version) in batch.iter() {
                let known = versions.entry(*id).or_insert(*version);
                *known = (*known).max(*version);
            }
            next = changes.try_recv().ok();
        }
        let versions: Vec<(Uuid, i64)> = versions.into_iter().collect();
        log(replicas.tell(&versions).await);
        tokio::time::sleep(TELL_EVERY).await;
    }
}

async fn listen(hub: Hub, url: String, me: Uuid) {
    loop {
        if let Ok(mut listener) = Listener::connect(&url).await {
            while let Ok(heard) = listener.hear().await {
                match heard {
                    Heard::Changes(changes) => hub.tell(&changes),
                    Heard::Ping(from) if from == me => hub.0.hears.store(true, Ordering::SeqCst),
                    Heard::Ping(_) => {}
                    Heard::Gap => hub.0.hears.store(false, Ordering::SeqCst),
                }
            }
        }
        hub.0.hears.store(false, Ordering::SeqCst);
        tokio::time::sleep(POLL).await;
    }
}

/// Pings, and looks for itself while the pings do not come back.
async fn ping_and_poll(hub: Hub, store: Store, me: Uuid) {
    let (mut since_ping, mut replicas) = (PING, store.notifier());
    loop {
        if since_ping >= PING {
            since_ping = Duration::ZERO;
            log(replicas.ping(me).await);
            replicas.rest();
        }
        tokio::time::sleep(POLL).await;
        since_ping += POLL;
        if !hub.0.hears.load(Ordering::SeqCst) {
            log(hub.look(&store).await);
        }
        if since_ping + POLL >= PING {
            // The next ping must come back to be believed.
            hub.0.hears.store(false, Ordering::SeqCst);
        }
    }
}

fn log(result: Result<(), StoreError>) {
    if let Err(error) = result {
        error.log("changes could not be carried to other replicas");
    }
}
