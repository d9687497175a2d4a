//! Fetches: the files of assets by URL that are still to come.

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde_json::Value;
use sqlx::{FromRow, Row, sqlite::SqliteRow, types::Json};

use super::{
    database::{Store, Write, micros},
    files::{self, FileKind},
    uploads::to_column,
};

/// One row of `fetches`, with its owner.
#[derive(Clone, Debug)]
pub(crate) struct Fetch {
    pub(crate) asset_id: String,
    /// The hidden upload, which holds the file.
    pub(crate) upload_id: String,
    /// The URL; it may hold a secret.
    pub(crate) url: SecretString,
    /// The largest file in bytes, where the caller limited it.
    pub(crate) max_bytes: Option<u64>,
    /// Bytes flushed to the disk.
    pub(crate) received: u64,
    /// The file's size, where the source told it.
    pub(crate) total: Option<u64>,
    /// The strong `ETag` or the `Last-Modified` by which the rest is asked for.
    pub(crate) validator: Option<String>,
    /// Failed tries in a row that brought little.
    pub(crate) tries: u32,
    pub(crate) created_us: i64,
    /// The asset's owner; empty without one.
    pub(crate) owner: String,
}

impl FromRow<'_, SqliteRow> for Fetch {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        let bytes = |column: &str| -> Result<Option<u64>, sqlx::Error> {
            let bytes: Option<i64> = row.try_get(column)?;
            Ok(bytes.and_then(|bytes| u64::try_from(bytes).ok()))
        };
        Ok(Self {
            asset_id: row.try_get("asset_id")?,
            upload_id: row.try_get("upload_id")?,
            url: row.try_get::<String, _>("url")?.into(),
            max_bytes: bytes("max_bytes")?,
            received: bytes("received_bytes")?.unwrap_or_default(),
            total: bytes("total_bytes")?,
            validator: row.try_get("validator")?,
            tries: row.try_get("tries")?,
            created_us: row.try_get("created_us")?,
            owner: row.try_get("owner")?,
        })
    }
}

/// The values of a new row of `fetches`, and of the hidden upload that holds the file.
pub(crate) struct NewFetch<'a> {
    pub(crate) asset_id: &'a str,
    pub(crate) upload_id: &'a str,
    /// The secret of the hidden upload's URL, which nobody is told.
    pub(crate) secret: &'a str,
    pub(crate) url: &'a str,
    pub(crate) max_bytes: Option<u64>,
    /// The normalised settings of the asset.
    pub(crate) settings: &'a Value,
    pub(crate) test: bool,
    pub(crate) now: DateTime<Utc>,
}

impl Store {
    /// Lists due [`Fetch`]es: at most `each` of one owner, 256 in all. The first of every owner come first.
    pub(crate) async fn due_fetches(
        &self,
        now: DateTime<Utc>,
        each: usize,
    ) -> Result<Vec<Fetch>, sqlx::Error> {
        sqlx::query_as(
            // Why by owner: the many fetches of one owner must not hide the first of another.
            "select asset_id, upload_id, url, max_bytes, received_bytes, total_bytes, validator, tries, created_us, owner \
             from (select due.*, assets.owner, row_number() over \
             (partition by assets.owner order by due.due_us, due.asset_id) as place \
             from fetches as due join assets on assets.id = due.asset_id where due.due_us <= $1) \
             where place <= $2 order by place, due_us, asset_id limit 256",
        )
        .bind(micros(now))
        .bind(to_column(each as u64))
        .fetch_all(&self.readers)
        .await
    }

    /// Finds the [`Fetch`] of an asset.
    pub(crate) async fn find_fetch(&self, asset_id: &str) -> Result<Option<Fetch>, sqlx::Error> {
        sqlx::query_as(
            "select asset_id, fetches.upload_id, url, max_bytes, received_bytes, total_bytes, validator, tries, \
             fetches.created_us, owner from fetches join assets on assets.id = asset_id where asset_id = $1",
        )
        .bind(asset_id)
        .fetch_optional(&self.readers)
        .await
    }

    /// Records what the source says of its file before the bytes behind `received` come. Returns false when the fetch is
    /// gone.
    pub(crate) async fn record_source(
        &self,
        fetch: &Fetch,
        received: u64,
        total: Option<u64>,
        validator: Option<&str>,
    ) -> Result<bool, sqlx::Error> {
        let done = sqlx::query(
            "update fetches set received_bytes = $2, total_bytes = $3, validator = $4 where asset_id = $1",
        )
        .bind(&fetch.asset_id)
        .bind(to_column(received))
        .bind(total.map(to_column))
        .bind(validator)
        .execute(&self.writer)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Records that `received` bytes are flushed, and charges the owner for them, or for the `promised` bytes where these
    /// are more. Returns false when the fetch is gone.
    pub(crate) async fn record_fetched(
        &self,
        fetch: &Fetch,
        received: u64,
        promised: u64,
    ) -> Result<bool, sqlx::Error> {
        let mut write = self.begin_write().await?;
        let done = sqlx::query("update fetches set received_bytes = $2 where asset_id = $1")
            .bind(&fetch.asset_id)
            .bind(to_column(received))
            .execute(&mut *write)
            .await?;
        // Why whether or not: the bytes lie on the disk until a sweep removes them.
        let file = (fetch.upload_id.as_str(), FileKind::Original);
        files::record_bytes(&mut write, file, &fetch.owner, received.max(promised)).await?;
        write.commit().await?;
        Ok(done.rows_affected() == 1)
    }

    /// Sets the next try of a fetch, which has failed `tries` times in a row.
    pub(crate) async fn retry_fetch(
        &self,
        asset_id: &str,
        tries: u32,
        due: DateTime<Utc>,
    ) -> Result<(), sqlx::Error> {
        sqlx::query("update fetches set tries = $2, due_us = $3 where asset_id = $1")
            .bind(asset_id)
            .bind(tries)
            .bind(micros(due))
            .execute(&self.writer)
            .await?;
        Ok(())
    }
}

/// Inserts the hidden upload of an asset by URL. Its status lets no file in.
pub(crate) async fn insert_hidden_upload(write: &mut Write, new: &NewFetch<'_>) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into uploads (id, secret, status, timeout_s, expires_us, test, settings, asset_id, created_us, by_url) \
         values ($1, $2, 'asset_created', 0, $3, $4, $5, $6, $3, 1)",
    )
    .bind(new.upload_id)
    .bind(new.secret)
    .bind(micros(new.now))
    .bind(new.test)
    .bind(Json(new.settings))
    .bind(new.asset_id)
    .execute(&mut **write)
    .await?;
    Ok(())
}

/// Inserts a [`Fetch`] that is due now.
pub(crate) async fn insert_fetch(write: &mut Write, new: &NewFetch<'_>) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into fetches (asset_id, upload_id, url, max_bytes, due_us, created_us) values ($1, $2, $3, $4, $5, $5)",
    )
    .bind(new.asset_id)
    .bind(new.upload_id)
    .bind(new.url)
    .bind(new.max_bytes.map(to_column))
    .bind(micros(new.now))
    .execute(&mut **write)
    .await?;
    Ok(())
}

/// Counts the fetches of `owner`, up to `limit`.
pub(crate) async fn count_fetches(write: &mut Write, owner: &str, limit: u32) -> Result<u32, sqlx::Error> {
    sqlx::query_scalar(
        "select count(*) from (select 1 from fetches join assets on assets.id = asset_id where owner = $1 limit $2)",
    )
    .bind(owner)
    .bind(limit)
    .fetch_one(&mut **write)
    .await
}

/// Ends a fetch, and forgets its URL. Returns false when it is gone already.
pub(crate) async fn delete_fetch(write: &mut Write, asset_id: &str) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("delete from fetches where asset_id = $1")
        .bind(asset_id)
        .execute(&mut **write)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Records the size of the whole file of a hidden upload, charged to `owner`.
pub(crate) async fn complete_hidden_upload(
    write: &mut Write,
    upload_id: &str,
    owner: &str,
    size: u64,
) -> Result<(), sqlx::Error> {
    sqlx::query("update uploads set received_bytes = $2, total_bytes = $2 where id = $1")
        .bind(upload_id)
        .bind(to_column(size))
        .execute(&mut **write)
        .await?;
    files::record_bytes(write, (upload_id, FileKind::Original), owner, size).await
}
