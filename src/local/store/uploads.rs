//! Direct uploads.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{FromRow, types::Json};

use super::{Store, Write, micros};

/// The columns of [`Upload`].
macro_rules! columns {
    () => {
        "id, secret, status, timeout_s, expires_us, cors_origin, test, settings, error, asset_id, total_bytes, \
         received_bytes"
    };
}

/// One direct upload.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Upload {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) status: String,
    pub(crate) timeout_s: i64,
    pub(crate) expires_us: i64,
    pub(crate) cors_origin: Option<String>,
    pub(crate) test: bool,
    pub(crate) settings: Json<Value>,
    pub(crate) error: Option<Json<Value>>,
    pub(crate) asset_id: Option<String>,
    pub(crate) total_bytes: Option<i64>,
    pub(crate) received_bytes: i64,
}

impl Upload {
    /// Still open for bytes at `now`.
    pub(crate) fn is_open(&self, now: DateTime<Utc>) -> bool {
        self.status == "waiting" && micros(now) < self.expires_us
    }

    /// Bytes that are on the disk for certain.
    pub(crate) fn received(&self) -> u64 {
        u64::try_from(self.received_bytes).unwrap_or_default()
    }

    /// The file's size, once a request has named it.
    pub(crate) fn total(&self) -> Option<u64> {
        self.total_bytes.and_then(|total| u64::try_from(total).ok())
    }
}

/// What a client asked for.
pub(crate) struct NewUpload<'a> {
    pub(crate) id: &'a str,
    pub(crate) secret: &'a str,
    pub(crate) timeout_s: i64,
    pub(crate) cors_origin: Option<&'a str>,
    pub(crate) test: bool,
    pub(crate) settings: &'a Value,
    pub(crate) now: DateTime<Utc>,
}

/// What became of the wish to cancel.
pub(crate) enum Cancelled {
    /// It is cancelled now.
    Done(Box<Upload>),
    /// It had ended otherwise before.
    TooLate,
    /// There is no such upload.
    Unknown,
}

impl Store {
    /// One upload by its id.
    pub(crate) async fn upload(&self, id: &str) -> Result<Option<Upload>, sqlx::Error> {
        sqlx::query_as(concat!("select ", columns!(), " from uploads where id = $1"))
            .bind(id)
            .fetch_optional(&self.readers)
            .await
    }

    /// One upload by the secret in its URL.
    pub(crate) async fn upload_by_secret(&self, secret: &str) -> Result<Option<Upload>, sqlx::Error> {
        sqlx::query_as(concat!("select ", columns!(), " from uploads where secret = $1"))
            .bind(secret)
            .fetch_optional(&self.readers)
            .await
    }

    /// A page of uploads, newest first.
    pub(crate) async fn list_uploads(&self, limit: i64, offset: i64) -> Result<Vec<Upload>, sqlx::Error> {
        sqlx::query_as(concat!(
            "select ",
            columns!(),
            " from uploads order by created_us desc, id desc limit $1 offset $2"
        ))
        .bind(limit)
        .bind(offset)
        .fetch_all(&self.readers)
        .await
    }

    /// Writes down that `received` bytes are flushed; false when the upload has ended meanwhile.
    pub(crate) async fn record_received(
        &self,
        id: &str,
        received: u64,
        total: Option<u64>,
    ) -> Result<bool, sqlx::Error> {
        let done = sqlx::query(
            "update uploads set received_bytes = $2, total_bytes = coalesce($3, total_bytes) \
             where id = $1 and status = 'waiting'",
        )
        .bind(id)
        .bind(i64::try_from(received).unwrap_or(i64::MAX))
        .bind(total.and_then(|total| i64::try_from(total).ok()))
        .execute(&self.writer)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Forgets what was received: a whole-file request starts again.
    pub(crate) async fn restart_upload(&self, id: &str) -> Result<bool, sqlx::Error> {
        let done = sqlx::query(
            "update uploads set received_bytes = 0, total_bytes = null where id = $1 and status = 'waiting'",
        )
        .bind(id)
        .execute(&self.writer)
        .await?;
        Ok(done.rows_affected() == 1)
    }
}

/// Writes a new upload's row.
pub(crate) async fn insert(write: &mut Write, new: &NewUpload<'_>) -> Result<Upload, sqlx::Error> {
    let created = micros(new.now);
    sqlx::query_as(
        concat!("insert into uploads (id, secret, status, timeout_s, expires_us, cors_origin, test, settings, created_us) \
         values ($1, $2, 'waiting', $3, $4, $5, $6, $7, $8) \
         returning ", columns!()),
    )
    .bind(new.id)
    .bind(new.secret)
    .bind(new.timeout_s)
    .bind(created + new.timeout_s * 1_000_000)
    .bind(new.cors_origin)
    .bind(new.test)
    .bind(Json(new.settings))
    .bind(created)
    .fetch_one(&mut **write)
    .await
}

/// Cancels an upload that still waits.
pub(crate) async fn cancel(
    write: &mut Write,
    id: &str,
    now: DateTime<Utc>,
) -> Result<Cancelled, sqlx::Error> {
    let cancelled: Option<Upload> = sqlx::query_as(concat!(
        "update uploads set status = 'cancelled' where id = $1 and status = 'waiting' and expires_us > $2 \
         returning ",
        columns!()
    ))
    .bind(id)
    .bind(micros(now))
    .fetch_optional(&mut **write)
    .await?;
    if let Some(upload) = cancelled {
        super::sweep::throw_away(write, id).await?;
        return Ok(Cancelled::Done(Box::new(upload)));
    }
    let known: Option<i64> = sqlx::query_scalar("select 1 from uploads where id = $1")
        .bind(id)
        .fetch_optional(&mut **write)
        .await?;
    Ok(if known.is_some() {
        Cancelled::TooLate
    } else {
        Cancelled::Unknown
    })
}

/// Turns a waiting upload into one with an asset; `None` when it has ended otherwise meanwhile.
pub(crate) async fn complete(
    write: &mut Write,
    id: &str,
    asset_id: &str,
    size: u64,
    now: DateTime<Utc>,
) -> Result<Option<Upload>, sqlx::Error> {
    sqlx::query_as(concat!(
        "update uploads set status = 'asset_created', asset_id = $2, received_bytes = $3, total_bytes = $3 \
         where id = $1 and status = 'waiting' and expires_us > $4 \
         returning ",
        columns!()
    ))
    .bind(id)
    .bind(asset_id)
    .bind(i64::try_from(size).unwrap_or(i64::MAX))
    .bind(micros(now))
    .fetch_optional(&mut **write)
    .await
}

/// Marks the upload of an asset that failed.
pub(crate) async fn fail(write: &mut Write, id: &str, error: &Value) -> Result<Option<Upload>, sqlx::Error> {
    sqlx::query_as(concat!(
        "update uploads set status = 'errored', error = $2 where id = $1 \
         returning ",
        columns!()
    ))
    .bind(id)
    .bind(Json(error))
    .fetch_optional(&mut **write)
    .await
}
