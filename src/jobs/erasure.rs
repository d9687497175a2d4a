//! Erasing owners: everything that names one is removed, and nothing new of it begins meanwhile.
//!
//! The order is a row of `erasures`, with the owner's name and a keyed hash of it. Uploads look for the hash. One replica
//! at a time holds the lease `erase` and takes each order through these steps:
//!
//! 1. **Delete.** The deletion of every video of the owner is requested, as its owner would do it. The reconciler then
//!    deletes at the provider ([`reconcile`](crate::jobs::reconcile)), and the application is told.
//! 2. **Remove.** Videos that are deleted, and of which every event was delivered or given up, are removed with their
//!    ids, their outgoing events, and the bodies and errors of their webhook events. So are stored answers and counted
//!    uploads.
//! 3. **Search.** When no video is left, the outgoing events are searched for the owner's name: events of videos that
//!    were purged earlier name it still. One that is still to be sent is waited for.
//! 4. **Forget.** The name leaves the order, in one statement that finds no other row with it. Until here a row that came
//!    in late leads back to step 1.
//! 5. **Scrub.** On SQLite the file is rewritten: its free pages hold the bytes of removed rows.
//! 6. **Finish.** The order is removed. Uploads are accepted again.
//!
//! Each step may be repeated. A crash between two leaves the order, and the next round begins with step 1, or with step 5
//! where the name is gone.
//!
//! Why no row is missed: an upload looks for the order once more after its row is written. Its row was either written
//! before step 4 looked, which finds it, or its look finds the order and it removes the row.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::domain::Video;
use crate::state::AppState;
use crate::store::{Erasure, OutgoingSearch, StoreError};

/// Life of the lease, in seconds. A round may outlive it: two rounds at the same time do no harm.
const LEASE_S: i64 = 90;
/// Interval between rounds while there is an order.
const ROUND_INTERVAL: Duration = Duration::from_secs(1);
/// Videos of one transaction.
const BATCH: i64 = 200;
/// Outgoing events that are searched at a time.
const SEARCH_BATCH: i64 = 2000;
/// Deletions of one erasure that become due in a second.
// Why spread: the reconciler takes what is due in the order of time, and others' videos take their turns between.
const DUE_PER_S: i64 = 200;

/// Makes rounds until `stop`, on one replica at a time.
pub async fn run(state: AppState, stop: CancellationToken) {
    let idle = Duration::from_secs(state.settings.reconcile.interval_s.max(1));
    while !stop.is_cancelled() {
        let left = match round_with_lease(&state).await {
            Ok(left) => left,
            Err(error) => {
                error.log("an owner could not be erased further");
                0
            }
        };
        tokio::select! {
            () = state.wake_eraser.notified() => {}
            () = tokio::time::sleep(if left > 0 { ROUND_INTERVAL } else { idle }) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// Makes a round where there is an order and this replica has or gets the lease. Returns the number of orders that are
/// left.
async fn round_with_lease(state: &AppState) -> Result<usize, StoreError> {
    // Why a read first: an idle job never waits for SQLite's one writer.
    if state.store.list_erasures().await?.is_empty()
        || !state.store.take_lease("erase", state.replica_id, LEASE_S).await?
    {
        return Ok(0);
    }
    run_round(state).await
}

/// Takes every order as far as it gets now. Returns the number of orders that are left.
///
/// # Errors
/// The database fails.
pub async fn run_round(state: &AppState) -> Result<usize, StoreError> {
    let orders = state.store.list_erasures().await?;
    let mut forgotten = Vec::new();
    for order in &orders {
        let done = match &order.owner {
            Some(owner) => erase_rows(state, order, owner).await?,
            None => true,
        };
        if done {
            forgotten.push(order);
        }
    }
    // Steps 5 and 6.
    if forgotten.is_empty() || !state.store.scrub().await? {
        return Ok(orders.len());
    }
    for order in &forgotten {
        state.store.finish_erasure(&order.owner_hash).await?;
        tracing::info!("an owner is erased");
    }
    Ok(orders.len() - forgotten.len())
}

/// Steps 1 to 4. Returns whether the name left the order.
async fn erase_rows(state: &AppState, order: &Erasure, owner: &str) -> Result<bool, StoreError> {
    let store = &state.store;
    if request_deletions(state, owner).await? {
        state.wake_reconciler.notify_one();
    }
    while store.erase_deleted_videos(owner, BATCH).await? > 0 {}
    while store.erase_answers(owner, BATCH).await? > 0 {}
    if store.has_videos_of(owner).await? {
        return Ok(false);
    }
    let mut order = order.clone();
    loop {
        match store.search_outgoing(&mut order, owner, SEARCH_BATCH).await? {
            OutgoingSearch::Searched => {}
            OutgoingSearch::Undelivered => return Ok(false),
            OutgoingSearch::Over => break,
        }
    }
    store.forget_owner(&order.owner_hash, owner).await
}

/// Step 1: requests the deletion of the owner's videos. Returns whether there were any.
async fn request_deletions(state: &AppState, owner: &str) -> Result<bool, StoreError> {
    let (mut last, mut requested) = (Uuid::nil(), 0);
    loop {
        let videos = state.store.find_undeleted_videos(owner, last, BATCH).await?;
        let Some(end) = videos.last() else {
            return Ok(requested > 0);
        };
        last = end.id;
        let now = state.clock.now();
        let due = now + chrono::Duration::seconds(requested / DUE_PER_S);
        requested += i64::try_from(videos.len()).unwrap_or(BATCH);
        let request = |video: &mut Video| {
            video.request_deletion(&state.check_times, now);
            video.check_at = Some(due);
        };
        state.store.edit_videos(videos, now, request).await?;
    }
}
