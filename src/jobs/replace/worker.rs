//! The loops of the job.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::exchange::exchange_ready;
use super::show::show_states;
use super::sweep::delete_orphans;
use crate::state::AppState;
use crate::store::StoreError;

/// Interval between two looks for hidden rows that changed, or are ready.
// Why: videos show the state of their replacements at most a second late.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);
/// Interval between two sweeps.
const SWEEP_INTERVAL: Duration = Duration::from_mins(1);
/// Life of the lease of the sweep, in seconds.
const SWEEP_LEASE_S: i64 = 90;

/// Runs all steps until `stop`.
// Why apart: an exchange waits for a provider, and what is shown must not.
pub async fn run(state: AppState, stop: CancellationToken) {
    let showing = async {
        while let Some(()) = pause(LOOK_INTERVAL, &stop).await {
            log_failure(show_states(&state).await, "replacements could not be shown");
        }
    };
    let exchanging = async {
        while let Some(()) = pause(LOOK_INTERVAL, &stop).await {
            let exchanged = tokio::select! {
                exchanged = exchange_ready(&state) => exchanged,
                () = stop.cancelled() => break,
            };
            log_failure(exchanged, "replacements could not take their videos' places");
        }
    };
    let sweeping = async {
        while let Some(()) = pause(SWEEP_INTERVAL, &stop).await {
            log_failure(sweep(&state).await, "hidden rows could not be swept");
        }
    };
    tokio::join!(showing, exchanging, sweeping);
}

/// Waits; `None` where the job is to end.
async fn pause(interval: Duration, stop: &CancellationToken) -> Option<()> {
    tokio::select! {
        () = tokio::time::sleep(interval) => Some(()),
        () = stop.cancelled() => None,
    }
}

fn log_failure<T>(result: Result<T, StoreError>, what: &'static str) {
    if let Err(error) = result {
        error.log(what);
    }
}

async fn sweep(state: &AppState) -> Result<(), StoreError> {
    if state
        .store
        .take_lease("replace", state.replica_id, SWEEP_LEASE_S)
        .await?
    {
        delete_orphans(state).await?;
    }
    Ok(())
}
