//! One open transaction, on either database.

use sqlx::{Sqlite, Transaction};

use super::route::PgTx;
use super::{Pool, Store, StoreError};

/// A transaction that writes. Dropped without [`Tx::commit`] it is rolled back.
pub(super) enum Tx {
    Postgres(PgTx),
    Sqlite(Transaction<'static, Sqlite>),
}

/// Runs one body in whichever transaction is open.
macro_rules! on_tx {
    ($tx:expr, |$name:ident| $body:expr) => {
        match $tx {
            crate::store::tx::Tx::Postgres(open) => {
                let $name = open.executor();
                $body
            }
            crate::store::tx::Tx::Sqlite(open) => {
                let $name = &mut **open;
                $body
            }
        }
    };
}
pub(super) use on_tx;

impl Store {
    /// Begins to write. SQLite takes its one write lock at once, and so never has to give up half-way with "database
    /// is locked".
    pub(super) async fn begin(&self) -> Result<Tx, StoreError> {
        Ok(match &self.writer {
            Pool::Postgres(pool) => Tx::Postgres(pool.begin().await?),
            Pool::Sqlite(pool) => Tx::Sqlite(pool.begin_with("begin immediate").await?),
        })
    }
}

impl Tx {
    pub(super) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Postgres(tx) => tx.commit().await?,
            Self::Sqlite(tx) => tx.commit().await?,
        }
        Ok(())
    }

    /// Several replicas share the work by passing over what another one holds. Row locks exist on PostgreSQL alone;
    /// SQLite's writer is alone anyway.
    pub(super) const fn for_update_skip_locked(&self) -> &'static str {
        match self {
            Self::Postgres(_) => " for update skip locked",
            Self::Sqlite(_) => "",
        }
    }
}
