//! A connection that its user keeps while there is something to do.

use std::pin::pin;
use std::time::Duration;

use sqlx::Postgres;
use sqlx::pool::PoolConnection;
use tokio::time::timeout;

use super::route::{Connections, StatementExecutor};

/// What is kept from one statement to the next is given up after so long without one.
const KEPT_FOR: Duration = Duration::from_millis(if cfg!(test) { 300 } else { 1000 });

/// Waits for what comes next, however long; `rest` is called once when it has not come for a second.
pub(crate) async fn or_rest<T>(next: impl Future<Output = T>, rest: impl FnOnce()) -> T {
    let mut next = pin!(next);
    if let Ok(next) = timeout(KEPT_FOR, &mut next).await {
        return next;
    }
    rest();
    next.await
}

/// At most one connection of a pool. Given back after each statement, a connection is asked by the pool each time whether
/// it is still there: a round trip more, and another turn of the server's process.
#[derive(Debug)]
pub(super) struct Kept {
    pool: Connections,
    connection: Option<PoolConnection<Postgres>>,
}

impl Kept {
    pub(super) const fn of(pool: Connections) -> Self {
        Self {
            pool,
            connection: None,
        }
    }

    /// Runs single statements on the connection that was kept, or on another one.
    ///
    /// # Errors
    /// The database gives none.
    pub(super) async fn executor(&mut self) -> Result<StatementExecutor<'_>, sqlx::Error> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.pool.acquire().await?,
        };
        Ok(self.pool.executor(self.connection.insert(connection)))
    }

    /// Gives it back, which finds out whether it is still good.
    pub(super) fn give_back(&mut self) {
        self.connection = None;
    }
}
