//! Folding titles for the search of lists, in the background: of rows from before the search, and of those that an older
//! release changes while it runs beside this one.
//!
//! 1. One replica holds the lease `titles` and makes a round every minute.
//! 2. A round folds batches until no row is left; each batch is a transaction of its own. Without rows to fold it is one
//!    look into an empty index.
//! 3. After a crash the next round goes on: what is to be done stands in the rows.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::state::AppState;
use crate::store::StoreError;

/// Interval between two rounds.
const ROUND_INTERVAL: Duration = Duration::from_mins(1);
/// Life of the lease in seconds: longer than a batch takes.
const LEASE_S: i64 = 90;
/// Rows of one batch, few enough that no lock is held for long.
const BATCH: i64 = 200;
/// Pause after each batch, as a multiple of the time that it took.
// Why: there may be millions of rows, and requests need the database too.
const PAUSE_FACTOR: u32 = 2;

/// Makes rounds until `stop`.
pub async fn run(state: AppState, stop: CancellationToken) {
    while !stop.is_cancelled() {
        tokio::select! {
            folded = fold_titles(&state) => if let Err(error) = folded {
                error.log("titles could not be folded");
            },
            () = stop.cancelled() => {}
        }
        tokio::select! {
            () = tokio::time::sleep(ROUND_INTERVAL) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// Folds all titles that are to be folded, where this replica has or gets the lease.
///
/// # Errors
/// The database fails.
pub async fn fold_titles(state: &AppState) -> Result<(), StoreError> {
    let mut all = 0;
    while state
        .store
        .take_lease("titles", state.replica_id, LEASE_S)
        .await?
    {
        let begun = Instant::now();
        let folded = state.store.fold_titles(BATCH).await?;
        all += folded;
        if folded == 0 {
            break;
        }
        tokio::time::sleep(begun.elapsed() * PAUSE_FACTOR).await;
    }
    if all > 0 {
        tracing::info!(videos = all, "titles are folded: lists find them by q");
    }
    Ok(())
}
