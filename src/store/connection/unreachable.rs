//! The reason why PostgreSQL refuses connections, in the words of the server or the system.

use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;

use super::outage::place;
use crate::chain::Chain;
use crate::store::error::StoreError;

/// The timeout for a server to say why it refuses.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// Returns [`StoreError::Unreachable`] with the cause of `error`.
// Why another connection: a pool only says that it waited in vain.
pub(in crate::store) async fn unreachable(options: &PgConnectOptions, error: sqlx::Error) -> StoreError {
    let cause = match error {
        sqlx::Error::PoolTimedOut => match tokio::time::timeout(PROBE_TIMEOUT, options.connect()).await {
            Ok(Ok(_)) => "it gave no connection in time".to_owned(),
            Ok(Err(error)) => Chain(&error).to_string(),
            Err(_) => "it does not answer".to_owned(),
        },
        error => Chain(&error).to_string(),
    };
    StoreError::Unreachable {
        place: place(options),
        cause,
    }
}
