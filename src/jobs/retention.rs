//! Rows whose time is over, removed in small batches.

use std::time::Instant;

use chrono::Duration;
use tokio_util::sync::CancellationToken;

use super::outbox::TRIED_FOR;
use crate::state::AppState;
use crate::store::StoreError;

/// Between two rounds.
const EVERY: std::time::Duration = std::time::Duration::from_mins(10);
/// After each statement, so many times as long as it took.
const REST: u32 = 3;
/// Rows of one statement: no lock is held for long.
const BATCH: i64 = 500;

/// Rounds until `stop`.
pub async fn run(state: AppState, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if let Err(error) = round(&state).await {
            error.log("old rows could not be removed");
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// Removes finished events of both directions, expired idempotency keys and deleted videos whose time is over.
///
/// # Errors
/// The database fails.
pub async fn round(state: &AppState) -> Result<(), StoreError> {
    let now = state.clock.now();
    let keep = Duration::days(i64::from(state.settings.inbox.keep_days)).max(Duration::hours(72));
    let purge = Duration::hours(i64::from(state.settings.reconcile.purge_after_h));
    let (since, endpoints) = (now - TRIED_FOR, &state.settings.events.endpoints);
    let store = &state.store;
    let counts = [
        little_by_little(|| store.prune_events(now - keep, BATCH)).await?,
        little_by_little(|| store.prune_keys(now, BATCH)).await?,
        little_by_little(|| store.purge_deleted(now - purge, BATCH)).await?,
        store.give_up_unsent(endpoints, since, now).await?,
        little_by_little(|| store.prune_outgoing(now - keep, BATCH)).await?,
    ];
    if counts != [0; 5] {
        tracing::info!(
            events = counts[0],
            idempotency_keys = counts[1],
            videos = counts[2],
            outgoing_given_up = counts[3],
            outgoing = counts[4],
            "old rows removed"
        );
    }
    Ok(())
}

/// Removes until nothing is left, and rests in between: millions of rows whose time is over at once, as after a setting
/// was changed, take the database's time from nobody. Returns how many.
async fn little_by_little<F>(remove: impl Fn() -> F) -> Result<u64, StoreError>
where
    F: Future<Output = Result<u64, StoreError>>,
{
    let mut all = 0;
    loop {
        let begun = Instant::now();
        match remove().await? {
            0 => return Ok(all),
            removed => all += removed,
        }
        tokio::time::sleep(begun.elapsed() * REST).await;
    }
}
