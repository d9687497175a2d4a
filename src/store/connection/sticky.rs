//! A connection that its user keeps from one statement to the next.

use std::pin::pin;
use std::time::Duration;

use sqlx::Postgres;
use sqlx::pool::PoolConnection;
use tokio::time::timeout;

use super::postgres::{PgConnections, StatementExecutor};

/// A user that has had nothing to do for this long is idle.
const IDLE_AFTER: Duration = Duration::from_millis(if cfg!(test) { 300 } else { 1000 });

/// Waits for `next`, however long. Calls `on_idle` once, when `next` has not come for a second.
pub(crate) async fn or_idle<T>(next: impl Future<Output = T>, on_idle: impl FnOnce()) -> T {
    let mut next = pin!(next);
    if let Ok(next) = timeout(IDLE_AFTER, &mut next).await {
        return next;
    }
    on_idle();
    next.await
}

/// At most one connection of a pool, held between statements until [`StickyConnection::release`].
// Why: a pool tests a connection that was idle before it hands it out again, which is a round trip more and wakes the
// server's process once more.
#[derive(Debug)]
pub(in crate::store) struct StickyConnection {
    pool: PgConnections,
    connection: Option<PoolConnection<Postgres>>,
}

impl StickyConnection {
    pub(in crate::store) const fn new(pool: PgConnections) -> Self {
        Self {
            pool,
            connection: None,
        }
    }

    /// Returns what runs single statements on the held connection, or on a new one.
    ///
    /// # Errors
    /// The pool gives no connection.
    pub(in crate::store) async fn executor(&mut self) -> Result<StatementExecutor<'_>, sqlx::Error> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.pool.acquire().await?,
        };
        Ok(self.pool.executor(self.connection.insert(connection)))
    }

    /// Gives the connection back to the pool, which finds out whether it still works.
    pub(in crate::store) fn release(&mut self) {
        self.connection = None;
    }
}
