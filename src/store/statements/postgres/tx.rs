//! PostgreSQL's pool and transactions.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sqlx::postgres::PgConnectOptions;
use uuid::Uuid;

use super::side_effects::SideEffects;
use super::{erasure, events, migrations, side_effects, videos};
use crate::domain::{Accounts, Video};
use crate::store::change::{ChangeObserver, NewOutgoing, VideoChange};
use crate::store::connection::{PgConnections, PgTx, StickyConnection};
use crate::store::error::StoreError;
use crate::store::event_keys::EventKeys;
use crate::store::plan::EventOutcome;
use crate::store::rows::{Columns, NewId, PurgedVideo, VideoRow};
use crate::store::statements::twins::{Backend, Dialect, Locking, WriteTx};

/// Separates the advisory locks of [`WriteTx::lock_owner`] from others on the same owner's name.
const OWNER_LOCK_SEED: i64 = 9;

impl Backend for PgConnections {
    type Tx = PgTx;
    const DIALECT: &'static Dialect = &Dialect {
        kind: "postgres",
        name: "PostgreSQL",
        has_replicas: true,
        version: "select current_setting('server_version')",
        migration_tables: "select count(*) from pg_tables \
             where tablename = '_sqlx_migrations' and schemaname = any(current_schemas(false))",
        clock_s: "cast(extract(epoch from now()) as bigint)",
        clock_us: "cast(extract(epoch from statement_timestamp()) * 1000000 as bigint)",
        skip_locked: " for update skip locked",
        duration_s: "cast(case when jsonb_typeof(facts->'duration'->'v') = 'number' then facts->'duration'->>'v' end \
             as double precision)",
        greatest: "greatest",
        least: "least",
        index_by_order: true,
        position: "strpos",
        playback_id: "facts->'playback_id'->>'v'",
        // Why `set_config`: within the one statement it needs no round trip of its own and no transaction that a pooler
        // would have to keep together, and it ends with the statement.
        without_flush: "set_config('synchronous_commit', 'off', true) = 'off'",
    };

    async fn begin_write(&self) -> Result<PgTx, StoreError> {
        Ok(self.begin().await?)
    }

    async fn find_videos(&self, ids: &[Uuid]) -> Result<Vec<VideoRow>, StoreError> {
        Ok(videos::find_videos(self, ids).await?)
    }

    async fn probe_write(&self) -> Result<(), StoreError> {
        sqlx::query(
            "insert into secrets (name, value) values ('write-probe', $1) on conflict (name) do update \
             set value = case when secrets.value = excluded.value then $2 else excluded.value end",
        )
        .bind([0_u8].as_slice())
        .bind([1_u8].as_slice())
        .execute(self)
        .await?;
        Ok(())
    }

    async fn run_migrations(&self, direct: Option<&PgConnectOptions>) -> Result<(), StoreError> {
        match direct {
            Some(direct) => migrations::apply_migrations(direct).await,
            None => migrations::apply_migrations(&self.connect_options()).await,
        }
    }

    // Why nothing: dead rows stay in the server's files until its own vacuum; no statement and no dump shows them.
    async fn scrub(&self) -> Result<bool, StoreError> {
        Ok(true)
    }

    fn notify_connection(&self) -> Option<StickyConnection> {
        Some(StickyConnection::new(self.clone()))
    }
}

impl WriteTx for PgTx {
    async fn commit(self) -> Result<(), StoreError> {
        Ok(self.commit_open().await?)
    }

    async fn insert_videos(&mut self, new: &[&Video]) -> Result<(), StoreError> {
        let inserted = videos::insert_videos(self.executor(), new).await;
        inserted.map_err(StoreError::from_write)
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
        let side_effects = SideEffects::new(observer, changes, now);
        let executor = self.executor();
        let written = videos::update_videos(executor, changes, columns, Locking::Wait, &side_effects).await;
        written.map_err(StoreError::from_write)
    }

    async fn release_parked(
        &mut self,
        video: &Video,
        accounts: &Accounts,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        Ok(side_effects::release_parked(self.executor(), video, accounts, now).await?)
    }

    async fn lock_videos_named(
        &mut self,
        maps: &[&str],
        keys: &EventKeys<'_>,
    ) -> Result<Vec<VideoRow>, StoreError> {
        Ok(videos::lock_videos_named(self.executor(), maps, keys).await?)
    }

    async fn lock_videos(&mut self, ids: &[Uuid]) -> Result<Vec<VideoRow>, StoreError> {
        Ok(videos::lock_videos(self.executor(), ids).await?)
    }

    async fn write_exchange(
        &mut self,
        changes: &[&VideoChange],
        outgoing: Vec<NewOutgoing>,
        now: DateTime<Utc>,
    ) -> Result<usize, StoreError> {
        let side_effects = SideEffects::only_outgoing(outgoing, now);
        let executor = self.executor();
        let written =
            videos::update_videos(executor, changes, Columns::All, Locking::Wait, &side_effects).await;
        Ok(written.map_err(StoreError::from_write)?.len())
    }

    async fn finish_events(&mut self, outcomes: &[EventOutcome]) -> Result<u64, StoreError> {
        Ok(events::finish_events(self.executor(), outcomes).await?)
    }

    async fn clear_events(&mut self, video: &PurgedVideo) -> Result<(), StoreError> {
        Ok(erasure::clear_events(self.executor(), video).await?)
    }

    async fn lock_owner(&mut self, owner: &str) -> Result<(), StoreError> {
        sqlx::query("select pg_advisory_xact_lock(hashtextextended($1, $2))")
            .bind(owner)
            .bind(OWNER_LOCK_SEED)
            .execute(self.executor())
            .await?;
        Ok(())
    }
}
