//! The ledger of providers' rates, kept in our database: all processes on it share each provider's rate.

use std::sync::Arc;

use futures::{FutureExt, TryFutureExt, future::BoxFuture};

use crate::domain::{Pace, TurnAnswer, TurnRequest};
use crate::provider::{LedgerError, TurnLedger};
use crate::store::{Store, Turns};

/// Adapts [`Turns`] of the store to the [`TurnLedger`] that providers expect: neither module imports the other.
struct DatabaseLedger(Turns);

/// Returns the ledger of `store`'s database.
pub(crate) fn ledger(store: &Store) -> Arc<dyn TurnLedger> {
    Arc::new(DatabaseLedger(store.turns()))
}

impl TurnLedger for DatabaseLedger {
    fn take<'a>(
        &'a self,
        bucket: &'a str,
        pace: &'a Pace,
        request: TurnRequest,
    ) -> BoxFuture<'a, Result<TurnAnswer, LedgerError>> {
        async move { Ok(self.0.take(bucket, pace, &request).await?) }.boxed()
    }

    fn pause<'a>(&'a self, bucket: &'a str, pause_us: i64) -> BoxFuture<'a, Result<(), LedgerError>> {
        self.0.pause(bucket, pause_us).err_into().boxed()
    }

    fn paused_for_us<'a>(&'a self, bucket: &'a str) -> BoxFuture<'a, Result<i64, LedgerError>> {
        self.0.paused_for_us(bucket).err_into().boxed()
    }
}
