//! Refreshing the key set of `auth.jwks` before a token with a new key comes.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::state::AppState;

/// Interval between two fetches.
const REFRESH_INTERVAL: Duration = Duration::from_mins(10);

/// Refreshes the key set until `stop`, see [`Authenticator::refresh_keys`](crate::auth::Authenticator::refresh_keys). Does
/// nothing where tokens are verified by secrets.
pub async fn run(state: AppState, stop: CancellationToken) {
    while !stop.is_cancelled() {
        tokio::select! {
            () = tokio::time::sleep(REFRESH_INTERVAL) => state.auth.refresh_keys(state.clock.now()).await,
            () = stop.cancelled() => {}
        }
    }
}
