//! The open database: connections, migrations, transactions.

use std::{borrow::Cow, path::Path, time::Duration};

use chrono::{DateTime, Utc};
use sqlx::{
    Sqlite, SqlitePool, Transaction,
    migrate::{Migration, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::sql::{MigrationFile, migration_files};

/// All migrations, in the order of their numbers.
const MIGRATIONS: [MigrationFile; 7] = migration_files!(
    "src/local/migrations": "0001_tables", "0002_owners", "0003_deliveries", "0004_sizes", "0005_max_bytes", "0006_inputs",
    "0007_tracks",
);
/// The last migration that is noted in sqlx's own table; see [`run_migrations`].
const FIRST_TABLE_UP_TO: i64 = 1;

/// One transaction on the only writer.
pub(crate) type Write = Transaction<'static, Sqlite>;

/// The open database; clones share its connections.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    /// One connection: `SQLite` has one writer at a time.
    pub(super) writer: SqlitePool,
    /// Read-only connections.
    pub(super) readers: SqlitePool,
}

impl Store {
    /// Opens (or makes) the file and applies missing migrations.
    pub(crate) async fn open(file: &Path) -> Result<Self, sqlx::Error> {
        crate::private::prepare_database(file)?;
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // Why full: a commit that was acknowledged survives a power cut.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5));
        let writer = SqlitePoolOptions::new()
            // Why one: SQLite has one writer at a time. Writers wait for this connection instead of the database's
            // lock.
            .max_connections(1)
            .connect_with(options.clone())
            .await?;
        run_migrations(&writer).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(4)
            .connect_with(options.read_only(true))
            .await?;
        Ok(Self { writer, readers })
    }

    /// Begins a transaction that holds the write lock from its first statement on.
    pub(crate) async fn begin_write(&self) -> Result<Write, sqlx::Error> {
        self.writer.begin_with("begin immediate").await
    }
}

/// Applies the missing migrations, and notes them in two tables.
///
/// Why two: the first release refuses a database in whose `_sqlx_migrations` it finds unknown rows. Later migrations
/// are noted in `_local_migrations`, so that an operator may go back to the first release.
async fn run_migrations(writer: &SqlitePool) -> Result<(), sqlx::Error> {
    let (first, later): (Vec<Migration>, Vec<Migration>) = MIGRATIONS
        .into_iter()
        .map(MigrationFile::to_migration)
        .partition(|migration| migration.version <= FIRST_TABLE_UP_TO);
    for (migrations, table) in [(first, "_sqlx_migrations"), (later, "_local_migrations")] {
        let mut migrator = Migrator::with_migrations(migrations);
        migrator.table_name = Cow::Borrowed(table);
        // Why: a later release may have noted migrations that this one does not know.
        migrator.set_ignore_missing(true);
        migrator.run(writer).await?;
    }
    Ok(())
}

/// Returns microseconds since 1970, the unit of the tables.
pub(crate) fn micros(at: DateTime<Utc>) -> i64 {
    at.timestamp_micros()
}
