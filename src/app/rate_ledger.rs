//! The ledger of providers' rates, kept in our database: all processes on it share each provider's rate.

use std::sync::Arc;

use futures::{FutureExt, TryFutureExt, future::BoxFuture};

use crate::domain::{Pace, PermitOutcome, PermitRequest};
use crate::provider::{LedgerError, RateLedger};
use crate::store::{RateTurns, Store};

/// Adapts the [`RateTurns`] of the store to the [`RateLedger`] that providers expect: neither module imports the other.
struct DatabaseLedger(RateTurns);

/// Returns the ledger of `store`'s database.
pub(crate) fn shared_rate_ledger(store: &Store) -> Arc<dyn RateLedger> {
    Arc::new(DatabaseLedger(store.rate_turns()))
}

impl RateLedger for DatabaseLedger {
    fn take<'a>(
        &'a self,
        bucket: &'a str,
        pace: &'a Pace,
        request: PermitRequest,
    ) -> BoxFuture<'a, Result<PermitOutcome, LedgerError>> {
        async move { Ok(self.0.take_turns(bucket, pace, &request).await?) }.boxed()
    }

    fn pause<'a>(&'a self, bucket: &'a str, pause_us: i64) -> BoxFuture<'a, Result<(), LedgerError>> {
        self.0.pause_bucket(bucket, pause_us).err_into().boxed()
    }

    fn paused_for_us<'a>(&'a self, bucket: &'a str) -> BoxFuture<'a, Result<i64, LedgerError>> {
        self.0.paused_for_us(bucket).err_into().boxed()
    }
}
