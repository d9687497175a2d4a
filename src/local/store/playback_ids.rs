//! Playback ids: the public names of an asset.

use chrono::{DateTime, Utc};
use sqlx::sqlite::SqliteRow;

use super::database::{Store, Write, micros};
use crate::sql::row_by_name;

/// One row of `playback_ids`.
#[derive(Clone, Debug)]
pub(crate) struct PlaybackId {
    pub(crate) id: String,
    pub(crate) asset_id: String,
    /// `public` or `signed`.
    pub(crate) policy: String,
}

row_by_name! { PlaybackId from SqliteRow; { id, asset_id, policy } }

impl Store {
    /// Finds a [`PlaybackId`] of any asset.
    pub(crate) async fn find_playback_id(&self, id: &str) -> Result<Option<PlaybackId>, sqlx::Error> {
        sqlx::query_as("select id, asset_id, policy from playback_ids where id = $1")
            .bind(id)
            .fetch_optional(&self.readers)
            .await
    }

    /// Lists the [`PlaybackId`]s of an asset, oldest first.
    pub(crate) async fn list_playback_ids(&self, asset_id: &str) -> Result<Vec<PlaybackId>, sqlx::Error> {
        sqlx::query_as(
            "select id, asset_id, policy from playback_ids where asset_id = $1 order by created_us, rowid",
        )
        .bind(asset_id)
        .fetch_all(&self.readers)
        .await
    }
}

/// Lists the [`PlaybackId`]s of an asset as the transaction sees them, oldest first.
pub(crate) async fn playback_ids_in(
    write: &mut Write,
    asset_id: &str,
) -> Result<Vec<PlaybackId>, sqlx::Error> {
    sqlx::query_as(
        "select id, asset_id, policy from playback_ids where asset_id = $1 order by created_us, rowid",
    )
    .bind(asset_id)
    .fetch_all(&mut **write)
    .await
}

/// Adds a [`PlaybackId`] to an asset.
pub(crate) async fn insert_playback_id(
    write: &mut Write,
    id: &str,
    asset_id: &str,
    policy: &str,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query("insert into playback_ids (id, asset_id, policy, created_us) values ($1, $2, $3, $4)")
        .bind(id)
        .bind(asset_id)
        .bind(policy)
        .bind(micros(now))
        .execute(&mut **write)
        .await?;
    Ok(())
}

/// Deletes a playback id; false when the asset has none of that name.
pub(crate) async fn delete_playback_id(
    write: &mut Write,
    id: &str,
    asset_id: &str,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("delete from playback_ids where id = $1 and asset_id = $2")
        .bind(id)
        .bind(asset_id)
        .execute(&mut **write)
        .await?;
    Ok(done.rows_affected() == 1)
}
