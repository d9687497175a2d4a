//! The row by which this process is known to the others ([`Store::renew_replica`](crate::store::Store::renew_replica)): it
//! is renewed while the process serves, and removed at its end.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::state::AppState;
use crate::store::{ReplicaBeat, StoreError};

/// Interval between two renewals. A row counts for a minute: several may fail.
const INTERVAL: Duration = Duration::from_secs(10);

/// Renews the row until `stop`, and removes it then. After a crash it counts for a minute more.
pub async fn run(state: AppState, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if let Err(error) = renew(&state).await {
            error.log("the row of this process could not be renewed");
        }
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            () = stop.cancelled() => {}
        }
    }
    if let Err(error) = state.store.remove_replica(state.replica_id).await {
        error.log("the row of this process could not be removed");
    }
}

/// Renews the row once.
///
/// # Errors
/// The database fails.
pub async fn renew(state: &AppState) -> Result<(), StoreError> {
    let mut halted = state.sightings.halted_providers();
    halted.sort();
    state
        .store
        .renew_replica(&ReplicaBeat {
            id: state.replica_id,
            version: env!("CARGO_PKG_VERSION"),
            started_at: state.started_at,
            halted,
        })
        .await
}
