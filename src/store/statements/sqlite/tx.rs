//! SQLite's pools and transactions.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Sqlite, SqliteConnection, SqlitePool, Transaction};
use uuid::Uuid;

use super::{erasure, events, videos};
use crate::domain::{Accounts, Video};
use crate::store::change::{ChangeObserver, NewOutgoing, VideoChange};
use crate::store::connection::StickyConnection;
use crate::store::error::StoreError;
use crate::store::event_keys::EventKeys;
use crate::store::plan::EventOutcome;
use crate::store::rows::{Columns, NewId, PurgedVideo, VideoRow};
use crate::store::schema::build_migrator;
use crate::store::statements::twins::{Backend, Dialect, WriteTx};

/// An open transaction. Dropped without a commit it is rolled back.
#[derive(Debug)]
pub(in crate::store) struct SqliteTx(Transaction<'static, Sqlite>);

impl SqliteTx {
    /// Returns what single statements run on.
    pub(in crate::store) fn executor(&mut self) -> &mut SqliteConnection {
        &mut self.0
    }
}

impl Backend for SqlitePool {
    type Tx = SqliteTx;
    const DIALECT: &'static Dialect = &Dialect {
        kind: "sqlite",
        name: "SQLite",
        has_replicas: false,
        version: "select sqlite_version()",
        migration_tables: "select count(*) from sqlite_master where name = '_sqlx_migrations'",
        clock_s: "unixepoch()",
        clock_us: "cast(unixepoch('subsec') * 1000000 as integer)",
        skip_locked: "",
        duration_s: "json_extract(facts, '$.duration.v')",
        greatest: "max",
        least: "min",
        index_by_order: false,
        position: "instr",
        playback_id: "facts->>'$.playback_id.v'",
        without_flush: "true",
    };

    // Why `immediate`: the one write lock is taken at once, so that a transaction never has to give up half-way with
    // "database is locked".
    async fn begin_write(&self) -> Result<SqliteTx, StoreError> {
        Ok(SqliteTx(self.begin_with("begin immediate").await?))
    }

    async fn find_videos(&self, ids: &[Uuid]) -> Result<Vec<VideoRow>, StoreError> {
        Ok(videos::find_videos(self, ids).await?)
    }

    // Why the value differs each time: SQLite writes no page whose bytes stay as they were. Why it is larger than what
    // a request writes: on a disk that is nearly full a small write still succeeds.
    async fn probe_write(&self) -> Result<(), StoreError> {
        sqlx::query(
            "insert into secrets (name, value) values ('write-probe', randomblob(131072)) \
             on conflict (name) do update set value = excluded.value",
        )
        .execute(self)
        .await?;
        Ok(())
    }

    async fn run_migrations(&self, _direct: Option<&PgConnectOptions>) -> Result<(), StoreError> {
        Ok(build_migrator("sqlite", |_| true).run(self).await?)
    }

    async fn scrub(&self) -> Result<bool, StoreError> {
        Ok(erasure::rewrite_file(self).await?)
    }

    fn notify_connection(&self) -> Option<StickyConnection> {
        None
    }
}

impl WriteTx for SqliteTx {
    async fn commit(self) -> Result<(), StoreError> {
        Ok(self.0.commit().await?)
    }

    async fn insert_videos(&mut self, new: &[&Video]) -> Result<(), StoreError> {
        for video in new {
            videos::insert_video(self.executor(), video).await?;
        }
        Ok(())
    }

    async fn insert_ids(&mut self, ids: &[NewId<'_>]) -> Result<(), StoreError> {
        videos::insert_ids(self.executor(), ids).await
    }

    async fn update_videos(
        &mut self,
        observer: &dyn ChangeObserver,
        changes: &[&VideoChange],
        columns: Columns,
        now: DateTime<Utc>,
    ) -> Result<HashSet<Uuid>, StoreError> {
        let mut written = HashSet::new();
        for change in changes {
            if videos::update_video(self.executor(), observer, change, columns, now).await? {
                written.insert(change.after.id);
            }
        }
        Ok(written)
    }

    async fn release_parked(
        &mut self,
        video: &Video,
        accounts: &Accounts,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        Ok(videos::release_parked(self.executor(), video, accounts, now).await?)
    }

    async fn lock_videos_named(
        &mut self,
        maps: &[&str],
        keys: &EventKeys<'_>,
    ) -> Result<Vec<VideoRow>, StoreError> {
        Ok(videos::find_videos_named(self.executor(), maps, keys).await?)
    }

    async fn lock_videos(&mut self, ids: &[Uuid]) -> Result<Vec<VideoRow>, StoreError> {
        Ok(videos::find_videos(self.executor(), ids).await?)
    }

    async fn write_exchange(
        &mut self,
        changes: &[&VideoChange],
        outgoing: Vec<NewOutgoing>,
        now: DateTime<Utc>,
    ) -> Result<usize, StoreError> {
        let mut written = 0;
        for change in changes {
            written += usize::from(videos::write_columns(self.executor(), change, Columns::All).await?);
        }
        videos::insert_outgoing(self.executor(), &outgoing, now).await?;
        Ok(written)
    }

    async fn finish_events(&mut self, outcomes: &[EventOutcome]) -> Result<u64, StoreError> {
        Ok(events::finish_events(self.executor(), outcomes).await?)
    }

    async fn clear_events(&mut self, video: &PurgedVideo) -> Result<(), StoreError> {
        Ok(erasure::clear_events(self.executor(), video).await?)
    }

    /// The one writer is alone anyway.
    async fn lock_owner(&mut self, _owner: &str) -> Result<(), StoreError> {
        Ok(())
    }
}
