//! Removing rows whose time is over, in small batches.

use std::time::Instant;

use chrono::Duration;
use tokio_util::sync::CancellationToken;

use super::outbox::TRIED_FOR;
use super::tracks::KEEP_TRACK_FILES;
use crate::state::AppState;
use crate::store::StoreError;

/// Interval between two rounds.
const ROUND_INTERVAL: std::time::Duration = std::time::Duration::from_mins(10);
/// Pause after each statement, as a multiple of the time that it took.
const PAUSE_FACTOR: u32 = 3;
/// Rows of one statement, few enough that no lock is held for long.
const BATCH: i64 = 500;

/// Makes rounds until `stop`.
pub async fn run(state: AppState, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if let Err(error) = remove_expired_rows(&state).await {
            error.log("old rows could not be removed");
        }
        tokio::select! {
            () = tokio::time::sleep(ROUND_INTERVAL) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// Removes finished events of both directions, expired idempotency keys, ended moves, files of tracks that nobody asks for, and deleted videos whose time is over,
/// and gives up outgoing events that no endpoint in the settings will take.
///
/// # Errors
/// The database fails.
pub async fn remove_expired_rows(state: &AppState) -> Result<(), StoreError> {
    let now = state.clock.now();
    // Why at least 72 h: a webhook that its provider repeats is recognised by its row.
    let keep = Duration::days(i64::from(state.settings.inbox.keep_days)).max(Duration::hours(72));
    let purge = Duration::hours(i64::from(state.settings.reconcile.purge_after_h));
    let endpoints = state.settings.events.endpoints.iter();
    let urls: Vec<String> = endpoints.map(|endpoint| endpoint.url.clone()).collect();
    let since = now - TRIED_FOR;
    let store = &state.store;
    let counts = [
        remove_in_batches(|| store.prune_events(now - keep, BATCH)).await?,
        remove_in_batches(|| store.prune_keys(now, BATCH)).await?,
        remove_in_batches(|| store.purge_deleted(now - purge, BATCH)).await?,
        store.give_up_unsent(&urls, since, now).await?,
        remove_in_batches(|| store.prune_outgoing(now - keep, BATCH)).await?,
        // Why later than the end: a token is taken for half a minute more, by clocks that differ.
        remove_in_batches(|| store.prune_counts(now - Duration::minutes(2), BATCH)).await?,
        remove_in_batches(|| store.prune_moves(now - keep, BATCH)).await?,
        remove_in_batches(|| store.prune_track_files(now - KEEP_TRACK_FILES, BATCH)).await?,
    ];
    if counts != [0; 8] {
        tracing::info!(
            events = counts[0],
            idempotency_keys = counts[1],
            videos = counts[2],
            outgoing_given_up = counts[3],
            outgoing = counts[4],
            counted_uploads = counts[5],
            moves = counts[6],
            track_files = counts[7],
            "old rows removed"
        );
    }
    Ok(())
}

/// Calls `remove`, which removes one batch, until it finds no row. Returns the sum.
///
/// Why the pauses: millions of rows may be over at once, as after a change of a setting, and requests need the database
/// too.
async fn remove_in_batches<F>(remove: impl Fn() -> F) -> Result<u64, StoreError>
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
        tokio::time::sleep(begun.elapsed() * PAUSE_FACTOR).await;
    }
}
