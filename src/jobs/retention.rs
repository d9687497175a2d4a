//! Rows whose time is over, removed in small batches.

use chrono::Duration;
use tokio_util::sync::CancellationToken;

use super::outbox::TRIED_FOR;
use crate::chain::Chain;
use crate::state::AppState;
use crate::store::StoreError;

/// Between two rounds.
const EVERY: std::time::Duration = std::time::Duration::from_mins(10);
/// Rows of one statement: no lock is held for long.
const BATCH: i64 = 500;

/// Rounds until `stop`.
pub async fn run(state: AppState, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if let Err(error) = round(&state).await {
            tracing::error!(
                error = %Chain(&error),
                "old rows could not be removed"
            );
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
    let mut counts = [0_u64; 5];
    while let removed @ 1.. = state.store.prune_events(now - keep, BATCH).await? {
        counts[0] += removed;
    }
    while let removed @ 1.. = state.store.prune_keys(now, BATCH).await? {
        counts[1] += removed;
    }
    while let removed @ 1.. = state.store.purge_deleted(now - purge, BATCH).await? {
        counts[2] += removed;
    }
    let (since, endpoints) = (now - TRIED_FOR, &state.settings.events.endpoints);
    counts[3] += state.store.give_up_unsent(endpoints, since, now).await?;
    while let removed @ 1.. = state.store.prune_outgoing(now - keep, BATCH).await? {
        counts[4] += removed;
    }
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
