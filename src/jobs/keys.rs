//! Keeps the callers' key set fresh, before a token with a new key comes.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::state::AppState;

/// Between two fetches.
const EVERY: Duration = Duration::from_mins(10);

/// Fetches until `stop`; does nothing where callers are known by secrets.
pub async fn run(state: AppState, stop: CancellationToken) {
    while !stop.is_cancelled() {
        tokio::select! {
            () = tokio::time::sleep(EVERY) => state.auth.refresh(state.clock.now()).await,
            () = stop.cancelled() => {}
        }
    }
}
