//! Work that one replica does at a time.

use uuid::Uuid;

use super::tx::{Tx, on_tx};
use super::{Store, StoreError};

impl Store {
    /// Takes or renews the lease `name` for `for_s` seconds, by the database's clock; false where another process has
    /// it.
    ///
    /// # Errors
    /// The database fails.
    pub async fn take_lease(&self, name: &str, holder: Uuid, for_s: i64) -> Result<bool, StoreError> {
        let clock = self.clock();
        let mut tx = self.begin().await?;
        let taken = tx.take_lease(name, holder, for_s, clock).await?;
        tx.commit().await?;
        Ok(taken)
    }
}

impl Tx {
    async fn take_lease(
        &mut self,
        name: &str,
        holder: Uuid,
        for_s: i64,
        clock: &'static str,
    ) -> Result<bool, StoreError> {
        let rows = on_tx!(self, |tx| {
            let mut query = sqlx::QueryBuilder::new("insert into leases (name, holder, until_s) values (");
            query
                .push_bind(name)
                .push(", ")
                .push_bind(holder)
                .push(", ")
                .push(clock)
                .push(" + ")
                .push_bind(for_s);
            query.push(
                ") on conflict (name) do update set holder = excluded.holder, until_s = excluded.until_s \
                 where leases.holder = excluded.holder or leases.until_s <= ",
            );
            query.push(clock);
            query
                .build()
                .execute(tx)
                .await
                .map(|result| result.rows_affected())
        })?;
        Ok(rows == 1)
    }
}
