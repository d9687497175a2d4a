//! The processes that serve now: each renews a row of its own, and removes it when it ends.
//!
//! All times but the start of a process are the database's, so that clocks of replicas that differ do no harm.

use chrono::{DateTime, Utc};
use sqlx::QueryBuilder;
use sqlx::types::Json;
use uuid::Uuid;

use super::database::{Tx, on_pool, on_tx};
use super::error::StoreError;
use super::handle::Store;

/// The age in seconds at which a row that was not renewed counts as the row of a dead process.
const LIVES_S: i64 = 60;
/// The age in seconds at which such a row is removed.
const KEPT_S: i64 = 3600;

/// What a process tells of itself with each renewal.
#[derive(Clone, Debug)]
pub struct ReplicaBeat {
    /// The process.
    pub id: Uuid,
    /// The release that it runs.
    pub version: &'static str,
    /// Its start, by its own clock.
    pub started_at: DateTime<Utc>,
    /// The accounts at providers whose reconciler it has halted.
    pub halted: Vec<String>,
}

/// A process that serves now.
#[derive(Clone, Debug)]
pub struct Replica {
    /// The process.
    pub id: Uuid,
    /// The release that it runs.
    pub version: String,
    /// Its start, by its own clock.
    pub started_at: DateTime<Utc>,
    /// The last renewal of its row, by the database's clock.
    pub renewed_at: DateTime<Utc>,
    /// The accounts at providers whose reconciler it has halted.
    pub halted: Vec<String>,
}

impl Store {
    /// Renews the row of a process, and removes rows that nobody has renewed for an hour.
    ///
    /// # Errors
    /// The database fails.
    pub async fn renew_replica(&self, beat: &ReplicaBeat) -> Result<(), StoreError> {
        let clock = self.dialect().clock_s;
        let mut tx = self.begin().await?;
        tx.write_replica(beat, clock).await?;
        tx.commit().await
    }

    /// Removes the row of a process that ends.
    ///
    /// # Errors
    /// The database fails.
    pub async fn remove_replica(&self, id: Uuid) -> Result<(), StoreError> {
        Ok(on_pool!(&self.writer, |pool| {
            sqlx::query("delete from replicas where id = $1")
                .bind(id)
                .execute(pool)
                .await
                .map(drop)
        })?)
    }

    /// Returns the processes whose rows were renewed within the last minute, the oldest first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn living_replicas(&self) -> Result<Vec<Replica>, StoreError> {
        type Row = (Uuid, String, DateTime<Utc>, i64, Json<Vec<String>>);
        let clock = self.dialect().clock_s;
        let rows: Vec<Row> = on_pool!(&self.readers, |pool| {
            let mut query = QueryBuilder::new(
                "select id, version, started_at, renewed_s, halted from replicas where renewed_s > ",
            );
            query
                .push(clock)
                .push(" - ")
                .push_bind(LIVES_S)
                .push(" order by id");
            query.build_query_as().fetch_all(pool).await
        })?;
        let replica = |(id, version, started_at, renewed_s, Json(halted)): Row| Replica {
            id,
            version,
            started_at,
            renewed_at: DateTime::from_timestamp(renewed_s, 0).unwrap_or_default(),
            halted,
        };
        Ok(rows.into_iter().map(replica).collect())
    }
}

impl Tx {
    async fn write_replica(&mut self, beat: &ReplicaBeat, clock: &'static str) -> Result<(), StoreError> {
        on_tx!(&mut *self, |tx| {
            let mut query = QueryBuilder::new(
                "insert into replicas (id, version, started_at, renewed_s, halted) values (",
            );
            query
                .push_bind(beat.id)
                .push(", ")
                .push_bind(beat.version)
                .push(", ");
            query.push_bind(beat.started_at).push(", ").push(clock).push(", ");
            query.push_bind(Json(&beat.halted)).push(
                ") on conflict (id) do update set renewed_s = excluded.renewed_s, halted = excluded.halted",
            );
            query.build().execute(tx.executor()).await.map(drop)
        })?;
        Ok(on_tx!(self, |tx| {
            let mut query = QueryBuilder::new("delete from replicas where renewed_s < ");
            query.push(clock).push(" - ").push_bind(KEPT_S);
            query.build().execute(tx.executor()).await.map(drop)
        })?)
    }
}
