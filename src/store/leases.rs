//! Leases: work that one replica does at a time.

use uuid::Uuid;

use super::database::{Tx, on_pool, on_tx};
use super::error::StoreError;
use super::handle::Store;

impl Store {
    /// Takes or renews the lease `name` for `for_s` seconds, by the database's clock. Returns false where another
    /// process has it.
    ///
    /// # Errors
    /// The database fails.
    pub async fn take_lease(&self, name: &str, holder: Uuid, for_s: i64) -> Result<bool, StoreError> {
        let clock = self.dialect().clock_s;
        let mut tx = self.begin().await?;
        let taken = tx.take_lease(name, holder, for_s, clock).await?;
        tx.commit().await?;
        Ok(taken)
    }

    /// Takes a lease as [`Store::take_lease`] does, with a second row `note` of the same holder, by which others read
    /// who holds it.
    ///
    /// # Errors
    /// The database fails.
    pub async fn take_noted_lease(
        &self,
        name: &str,
        note: &str,
        holder: Uuid,
        for_s: i64,
    ) -> Result<bool, StoreError> {
        let clock = self.dialect().clock_s;
        let mut tx = self.begin().await?;
        let taken = tx.take_lease(name, holder, for_s, clock).await?;
        if taken {
            tx.take_lease(note, holder, for_s, clock).await?;
            tx.commit().await?;
        }
        Ok(taken)
    }

    /// Returns the note of [`Store::take_noted_lease`] beside the lease `name`; `None` where there is no such lease or
    /// note.
    ///
    /// # Errors
    /// The database fails.
    pub async fn lease_note(&self, name: &str) -> Result<Option<String>, StoreError> {
        Ok(on_pool!(&self.readers, |pool| {
            sqlx::query_scalar(
                "select note.name from leases as note join leases as held on held.holder = note.holder \
                 where held.name = $1 and note.name <> $1 limit 1",
            )
            .bind(name)
            .fetch_optional(pool)
            .await
        })?)
    }

    /// Ends all leases of each holder that has one whose name is like `pattern` (SQL's `like`).
    ///
    /// # Errors
    /// The database fails.
    pub async fn end_leases_noted(&self, pattern: &str) -> Result<(), StoreError> {
        Ok(on_pool!(&self.writer, |pool| {
            sqlx::query("delete from leases where holder in (select holder from leases where name like $1)")
                .bind(pattern)
                .execute(pool)
                .await
                .map(drop)
        })?)
    }

    /// Ends all leases of a holder.
    ///
    /// # Errors
    /// The database fails.
    pub async fn end_leases_of(&self, holder: Uuid) -> Result<(), StoreError> {
        Ok(on_pool!(&self.writer, |pool| {
            sqlx::query("delete from leases where holder = $1")
                .bind(holder)
                .execute(pool)
                .await
                .map(drop)
        })?)
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
                .execute(tx.executor())
                .await
                .map(|result| result.rows_affected())
        })?;
        Ok(rows == 1)
    }
}
