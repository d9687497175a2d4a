//! Bringing the tables up to date, and how far they are.

use super::database::on_pool;
use super::error::StoreError;
use super::handle::Store;
use super::schema::migrations_for;
use super::statements::Backend;

/// The state of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migrations {
    /// The number of migrations that this program knows.
    pub known: usize,
    /// The number of migrations that were applied: by this call, or at all.
    pub applied: usize,
}

impl Store {
    /// Applies what is missing, on PostgreSQL through `database.direct_url` where it is set: the locks that let
    /// replicas which start together wait for each other are the session's.
    ///
    /// # Errors
    /// A migration fails, or the database has one that this program knows in another form.
    pub async fn migrate(&self) -> Result<Migrations, StoreError> {
        let before = self.applied_migrations().await.unwrap_or(0);
        on_pool!(&self.writer, |pool| pool
            .run_migrations(self.direct.options())
            .await)?;
        let known = self.known_migrations();
        Ok(Migrations {
            known,
            applied: known.saturating_sub(before),
        })
    }

    /// Returns whether every migration that this program knows is applied.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub async fn is_migrated(&self) -> Result<bool, StoreError> {
        Ok(self.applied_migrations().await? >= self.known_migrations())
    }

    /// Returns how many migrations this program knows, and how many are applied; none on an empty database.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub async fn migrations(&self) -> Result<Migrations, StoreError> {
        let known = self.known_migrations();
        let tables = self.dialect().migration_tables;
        let found: i64 = on_pool!(&self.readers, |pool| sqlx::query_scalar(tables)
            .fetch_one(pool)
            .await)?;
        let applied = if found == 0 {
            0
        } else {
            self.applied_migrations().await?
        };
        Ok(Migrations { known, applied })
    }

    async fn applied_migrations(&self) -> Result<usize, StoreError> {
        let count: i64 = on_pool!(&self.readers, |pool| {
            sqlx::query_scalar("select count(*) from _sqlx_migrations where success")
                .fetch_one(pool)
                .await
        })?;
        Ok(usize::try_from(count).unwrap_or_default())
    }

    fn known_migrations(&self) -> usize {
        migrations_for(self.kind()).count()
    }
}
