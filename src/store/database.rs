//! Which of the two databases it is: the one place that branches by it.

use sqlx::SqlitePool;
use sqlx::postgres::PgConnectOptions;

use super::connection::{PgConnections, PgTx, StickyConnection, open_side_pool, outage};
use super::error::StoreError;
use super::event_keys::EventKeys;
use super::rows::VideoRow;
use super::statements::sqlite::{SqliteIngest, SqliteTx};
use super::statements::{Backend, Dialect, IngestConnection, IngestWrite, Ingested, WriteTx};

/// A pool of connections to either database.
#[derive(Clone, Debug)]
pub(super) enum Pool {
    Postgres(PgConnections),
    Sqlite(SqlitePool),
}

/// A transaction on either database. Dropped without [`Tx::commit`] it is rolled back.
pub(super) enum Tx {
    Postgres(PgTx),
    Sqlite(SqliteTx),
}

/// Runs one body with whichever pool is configured. In it the pool is a `sqlx` executor and a [`Backend`].
macro_rules! on_pool {
    ($pool:expr, |$name:ident| $body:expr) => {
        match $pool {
            $crate::store::database::Pool::Postgres($name) => $body,
            $crate::store::database::Pool::Sqlite($name) => $body,
        }
    };
}
pub(super) use on_pool;

/// Runs one body with whichever transaction is open. In it the transaction is a [`WriteTx`], and has an `executor()`
/// for `sqlx`.
macro_rules! on_tx {
    ($tx:expr, |$name:ident| $body:expr) => {
        match $tx {
            $crate::store::database::Tx::Postgres($name) => $body,
            $crate::store::database::Tx::Sqlite($name) => $body,
        }
    };
}
pub(super) use on_tx;

impl Pool {
    /// Returns the words of this database.
    pub(super) const fn dialect(&self) -> &'static Dialect {
        match self {
            Self::Postgres(_) => PgConnections::DIALECT,
            Self::Sqlite(_) => SqlitePool::DIALECT,
        }
    }

    /// Begins to write.
    pub(super) async fn begin(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Postgres(pool) => Tx::Postgres(pool.begin_write().await?),
            Self::Sqlite(pool) => Tx::Sqlite(pool.begin_write().await?),
        })
    }
}

impl Tx {
    /// Makes the transaction durable.
    pub(super) async fn commit(self) -> Result<(), StoreError> {
        on_tx!(self, |tx| tx.commit().await)
    }
}

/// The connections of one ingest worker: see [`IngestConnection`].
#[derive(Debug)]
pub(super) enum IngestPool {
    Postgres(StickyConnection),
    Sqlite(SqliteIngest),
}

impl IngestPool {
    /// Opens it on this runtime. `own_sessions` is false behind a pooler.
    pub(super) fn open(readers: &Pool, writer: &Pool, own_sessions: bool) -> Self {
        match (readers, writer) {
            (Pool::Sqlite(readers), Pool::Sqlite(writer)) => {
                Self::Sqlite(SqliteIngest::new(readers.clone(), writer.clone()))
            }
            (Pool::Postgres(all), _) | (_, Pool::Postgres(all)) => {
                Self::Postgres(StickyConnection::new(open_side_pool(all, 1, own_sessions)))
            }
        }
    }
}

impl IngestConnection for IngestPool {
    async fn read(
        &mut self,
        provider: &str,
        maps: &[&str],
        keys: &EventKeys<'_>,
        event_ids: &[&str],
    ) -> Result<(Vec<VideoRow>, Vec<String>), StoreError> {
        match self {
            Self::Postgres(connection) => connection.read(provider, maps, keys, event_ids).await,
            Self::Sqlite(pools) => pools.read(provider, maps, keys, event_ids).await,
        }
    }

    async fn write(&mut self, write: IngestWrite<'_>) -> Result<Ingested, StoreError> {
        match self {
            Self::Postgres(connection) => connection.write(write).await,
            Self::Sqlite(pools) => pools.write(write).await,
        }
    }

    fn release(&mut self) {
        match self {
            Self::Postgres(connection) => connection.release(),
            Self::Sqlite(pools) => pools.release(),
        }
    }
}

/// The server's own address, where the pool goes through a transaction pooler.
#[derive(Clone, Default)]
pub(super) struct DirectAddress(Option<PgConnectOptions>);

impl DirectAddress {
    pub(super) const fn new(options: Option<PgConnectOptions>) -> Self {
        Self(options)
    }

    pub(super) const fn options(&self) -> Option<&PgConnectOptions> {
        self.0.as_ref()
    }
}

// Why by hand: the options hold the password.
impl std::fmt::Debug for DirectAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("DirectAddress")
            .field(&self.0.as_ref().map(outage::place))
            .finish()
    }
}
