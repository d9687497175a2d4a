//! The tasks that bring changes of videos to the [`Hub`].
//!
//! 1. [`forward_own_changes`]: changes that this process wrote reach its streams at once.
//! 2. On PostgreSQL, [`notify_replicas`] sends them to the other replicas as notifications, and [`listen_to_replicas`]
//!    receives theirs.
//! 3. On PostgreSQL, [`ping_and_poll`] pings itself through the database. While its pings do not come back (a pooler
//!    swallows notifications, say), it reads the versions of the watched videos once a second instead.
//!
//! A change may arrive twice or not at all by one of these: versions only grow, and a stream reads the row itself.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::hub::Hub;
use crate::store::{Listener, Notification, Store, StoreError, or_idle};

/// The interval of reading the watched videos' versions while notifications do not arrive.
const POLL: Duration = Duration::from_secs(1);
/// The interval of pings through the database.
const PING: Duration = Duration::from_secs(5);
/// The least time between two rounds of notifications to other replicas: under load one round carries several batches.
const NOTIFY_EVERY: Duration = Duration::from_millis(50);

/// Brings changes to the streams of `hub` until `stop`: this process's own, and those of other replicas, which are
/// heard over a connection of its own to `listen_url`. `me` is this replica's id.
pub async fn run(hub: Hub, store: Store, listen_url: String, me: Uuid, stop: CancellationToken) {
    let own = tokio::spawn(forward_own_changes(hub.clone(), store.clone()));
    let mut others = Vec::new();
    if store.has_replicas() {
        others.push(tokio::spawn(notify_replicas(store.clone())));
        others.push(tokio::spawn(listen_to_replicas(hub.clone(), listen_url, me)));
        others.push(tokio::spawn(ping_and_poll(hub, store, me)));
    }
    stop.cancelled().await;
    own.abort();
    others.iter().for_each(tokio::task::JoinHandle::abort);
}

/// Publishes the changes of this process. Where it fell behind and missed some, it reads the watched versions instead.
async fn forward_own_changes(hub: Hub, store: Store) {
    let mut changes = store.subscribe_changes();
    loop {
        match changes.recv().await {
            Ok(changes) => hub.publish(&changes),
            Err(RecvError::Lagged(_)) => log_failure(publish_stored_versions(&hub, &store).await),
            Err(RecvError::Closed) => return,
        }
    }
}

/// Sends the changes of this process to the other replicas. Of a video that changed several times since the last round
/// only the newest version is sent. Changes that it missed, because it fell behind, are not sent.
async fn notify_replicas(store: Store) {
    let (mut changes, mut notifier) = (store.subscribe_changes(), store.open_notifier());
    loop {
        let first = match or_idle(changes.recv(), || notifier.release()).await {
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
        log_failure(notifier.notify_changes(&versions).await);
        tokio::time::sleep(NOTIFY_EVERY).await;
    }
}

/// Publishes the changes of other replicas, and notes whether our own pings come back. After a lost connection it tries
/// again each [`POLL`].
async fn listen_to_replicas(hub: Hub, url: String, me: Uuid) {
    loop {
        if let Ok(mut listener) = Listener::connect(&url).await {
            while let Ok(heard) = listener.next_notification().await {
                match heard {
                    Notification::Changes(changes) => hub.publish(&changes),
                    Notification::Ping(from) if from == me => hub.set_hears_replicas(true),
                    Notification::Ping(_) => {}
                    Notification::Gap => hub.set_hears_replicas(false),
                }
            }
        }
        hub.set_hears_replicas(false);
        tokio::time::sleep(POLL).await;
    }
}

/// Pings each [`PING`], and reads the watched versions each [`POLL`] while the pings do not come back.
async fn ping_and_poll(hub: Hub, store: Store, me: Uuid) {
    let (mut since_ping, mut notifier) = (PING, store.open_notifier());
    loop {
        if since_ping >= PING {
            since_ping = Duration::ZERO;
            log_failure(notifier.ping(me).await);
            // Why: the next ping is seconds away, too long to hold a connection for.
            notifier.release();
        }
        tokio::time::sleep(POLL).await;
        since_ping += POLL;
        if !hub.hears_replicas() {
            log_failure(publish_stored_versions(&hub, &store).await);
        }
        if since_ping + POLL >= PING {
            // Why: each ping must come back by itself, so that a connection that has just died is noticed.
            hub.set_hears_replicas(false);
        }
    }
}

/// Reads the versions of the watched videos, and publishes them.
async fn publish_stored_versions(hub: &Hub, store: &Store) -> Result<(), StoreError> {
    let ids = hub.watched_ids();
    if !ids.is_empty() {
        hub.publish(&store.find_versions(&ids).await?);
    }
    Ok(())
}

fn log_failure(result: Result<(), StoreError>) {
    if let Err(error) = result {
        error.log("changes could not be carried to other replicas");
    }
}
