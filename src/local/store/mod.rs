//! The provider's own tables: one `SQLite` file, one writer, a few readers.

pub(crate) mod assets;
pub(crate) mod jobs;
pub(crate) mod outbox;
pub(crate) mod playback_ids;
mod sweep;
pub(crate) mod uploads;

use std::{path::Path, time::Duration};

use chrono::{DateTime, Utc};
use sqlx::{
    Sqlite, SqlitePool, Transaction,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

pub(crate) use assets::{Asset, AssetChanges, NewAsset, Position, StaticRendition};
pub(crate) use jobs::{Job, JobKind, Made};
pub(crate) use outbox::{Event, Pending};
pub(crate) use playback_ids::PlaybackId;
pub(crate) use uploads::{Cancelled, NewUpload, Upload};

/// One transaction on the only writer.
pub(crate) type Write = Transaction<'static, Sqlite>;

/// The open database.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl Store {
    /// Opens (or makes) the file and brings its tables up to date.
    pub(crate) async fn open(file: &Path) -> Result<Self, sqlx::Error> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5));
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(options.clone())
            .await?;
        sqlx::migrate!("src/local/migrations").run(&writer).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(4)
            .connect_with(options.read_only(true))
            .await?;
        Ok(Self { writer, readers })
    }

    /// A transaction that holds the write lock from its first statement on.
    pub(crate) async fn write(&self) -> Result<Write, sqlx::Error> {
        self.writer.begin_with("begin immediate").await
    }
}

/// Microseconds since 1970, as the tables keep time.
pub(crate) fn micros(at: DateTime<Utc>) -> i64 {
    at.timestamp_micros()
}
