//! Direct uploads.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{sqlite::SqliteRow, types::Json};

use super::{
    database::{Store, Write, micros},
    files::{self, FileKind},
};
use crate::sql::row_by_name;

/// The columns of [`Upload`].
macro_rules! columns {
    () => {
        "id, secret, status, timeout_s, expires_us, cors_origin, test, settings, error, asset_id, total_bytes, \
         received_bytes, owner, max_bytes"
    };
}

/// One row of `uploads`.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    pub(crate) id: String,
    /// The secret in the upload URL.
    pub(crate) secret: String,
    /// `waiting`, `asset_created`, `errored`, `cancelled` or `timed_out`.
    pub(crate) status: String,
    pub(crate) timeout_s: i64,
    /// End of the URL, in microseconds since 1970.
    pub(crate) expires_us: i64,
    pub(crate) cors_origin: Option<String>,
    pub(crate) test: bool,
    /// The normalised `new_asset_settings`.
    pub(crate) settings: Json<Value>,
    /// `{type, message}` of an errored upload.
    pub(crate) error: Option<Json<Value>>,
    pub(crate) asset_id: Option<String>,
    /// The file's size, once a request has named it.
    pub(crate) total_bytes: Option<i64>,
    /// Bytes flushed to the disk.
    pub(crate) received_bytes: i64,
    /// The owner who is charged for the file; empty without one.
    pub(crate) owner: String,
    /// The largest file in bytes, where the maker of the upload limited it.
    pub(crate) max_bytes: Option<i64>,
}

row_by_name! {
    Upload from SqliteRow;
    {
        id, secret, status, timeout_s, expires_us, cors_origin, test, settings, error, asset_id, total_bytes,
        received_bytes, owner, max_bytes,
    }
}

impl Upload {
    /// Returns true while the upload accepts bytes at `now`.
    pub(crate) fn is_open(&self, now: DateTime<Utc>) -> bool {
        self.status == "waiting" && micros(now) < self.expires_us
    }

    /// Returns the bytes that are surely on the disk.
    pub(crate) fn received_size(&self) -> u64 {
        u64::try_from(self.received_bytes).unwrap_or_default()
    }

    /// Returns the largest file that the upload takes, where its maker limited it.
    pub(crate) fn max_size(&self) -> Option<u64> {
        self.max_bytes.and_then(|most| u64::try_from(most).ok())
    }

    /// Returns the file's size, once a request has named it.
    pub(crate) fn total_size(&self) -> Option<u64> {
        self.total_bytes.and_then(|total| u64::try_from(total).ok())
    }
}

/// The values of a new upload's row, and its owner's limits.
pub(crate) struct NewUpload<'a> {
    pub(crate) id: &'a str,
    pub(crate) secret: &'a str,
    pub(crate) timeout_s: i64,
    pub(crate) cors_origin: Option<&'a str>,
    pub(crate) test: bool,
    pub(crate) max_bytes: Option<u64>,
    pub(crate) settings: &'a Value,
    pub(crate) now: DateTime<Utc>,
    pub(crate) limits: OwnerLimits,
}

/// Limits of one owner.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OwnerLimits {
    /// Uploads that wait for their file.
    pub(crate) open: u32,
    /// Bytes on the disk; 0 means no limit.
    pub(crate) bytes: u64,
}

/// The outcome of [`open_upload`].
pub(crate) enum OpenOutcome {
    /// The upload waits for its file.
    Opened(Box<Upload>),
    /// The owner has as many waiting uploads as allowed.
    TooMany,
    /// The owner's files take this many bytes, which reaches the limit.
    NoRoom(u64),
}

/// The outcome of [`cancel_upload`].
pub(crate) enum CancelOutcome {
    /// The upload is cancelled now.
    Done(Box<Upload>),
    /// The upload had ended before.
    TooLate,
    /// There is no such upload.
    Unknown,
}

impl Store {
    /// Finds an [`Upload`] by its id. Hidden ones, of assets by URL, are not found.
    pub(crate) async fn find_upload(&self, id: &str) -> Result<Option<Upload>, sqlx::Error> {
        sqlx::query_as(concat!(
            "select ",
            columns!(),
            " from uploads where id = $1 and by_url = 0"
        ))
        .bind(id)
        .fetch_optional(&self.readers)
        .await
    }

    /// Finds an [`Upload`] by the secret in its URL.
    pub(crate) async fn find_upload_by_secret(&self, secret: &str) -> Result<Option<Upload>, sqlx::Error> {
        sqlx::query_as(concat!(
            "select ",
            columns!(),
            " from uploads where secret = $1 and by_url = 0"
        ))
        .bind(secret)
        .fetch_optional(&self.readers)
        .await
    }

    /// Lists a page of [`Upload`]s, newest first.
    pub(crate) async fn list_uploads(&self, limit: i64, offset: i64) -> Result<Vec<Upload>, sqlx::Error> {
        sqlx::query_as(concat!(
            "select ",
            columns!(),
            " from uploads where by_url = 0 order by created_us desc, id desc limit $1 offset $2"
        ))
        .bind(limit)
        .bind(offset)
        .fetch_all(&self.readers)
        .await
    }

    /// Records that `received` bytes are flushed, and charges the owner for them, or for the `promised` bytes where
    /// these are more. Returns false when the upload has ended meanwhile.
    pub(crate) async fn record_received(
        &self,
        upload: &Upload,
        received: u64,
        total: Option<u64>,
        promised: u64,
    ) -> Result<bool, sqlx::Error> {
        let mut write = self.begin_write().await?;
        let done = sqlx::query(
            "update uploads set received_bytes = $2, total_bytes = coalesce($3, total_bytes) \
             where id = $1 and status = 'waiting'",
        )
        .bind(&upload.id)
        .bind(to_column(received))
        .bind(total.map(to_column))
        .execute(&mut *write)
        .await?;
        // Why whatever the upload's status is: the bytes lie on the disk until a sweep removes them.
        let bytes = received.max(promised);
        files::record_bytes(&mut write, (&upload.id, FileKind::Original), &upload.owner, bytes).await?;
        write.commit().await?;
        Ok(done.rows_affected() == 1)
    }

    /// Resets the received bytes for a whole-file request. Returns false when the upload has ended.
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

/// Inserts an upload unless its owner is at one of the [`OwnerLimits`]. Count and insert are one transaction on the
/// only writer, so no two requests pass the limit together. An upload without an owner has no limit.
pub(crate) async fn open_upload(write: &mut Write, new: &NewUpload<'_>) -> Result<OpenOutcome, sqlx::Error> {
    let owner = new.settings.pointer("/meta/creator_id").and_then(Value::as_str);
    if let Some(owner) = owner.filter(|owner| !owner.is_empty()) {
        let limits = new.limits;
        if count_open(write, owner, limits.open, new.now).await? >= i64::from(limits.open) {
            return Ok(OpenOutcome::TooMany);
        }
        let kept = files::charged_bytes(write, owner, "").await?;
        if limits.bytes > 0 && kept >= limits.bytes {
            return Ok(OpenOutcome::NoRoom(kept));
        }
    }
    Ok(OpenOutcome::Opened(Box::new(insert_upload(write, new).await?)))
}

/// Counts the owner's waiting uploads, for [`OwnerLimits::open`]. The count stops at `limit`.
async fn count_open(
    write: &mut Write,
    owner: &str,
    limit: u32,
    now: DateTime<Utc>,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(
        "select count(*) from (select 1 from uploads \
         where owner = $1 and status = 'waiting' and expires_us > $2 limit $3)",
    )
    .bind(owner)
    .bind(micros(now))
    .bind(limit)
    .fetch_one(&mut **write)
    .await
}

/// Inserts the row of a new [`Upload`].
async fn insert_upload(write: &mut Write, new: &NewUpload<'_>) -> Result<Upload, sqlx::Error> {
    let created = micros(new.now);
    sqlx::query_as(
        concat!("insert into uploads (id, secret, status, timeout_s, expires_us, cors_origin, test, settings, created_us, \
         max_bytes) \
         values ($1, $2, 'waiting', $3, $4, $5, $6, $7, $8, $9) \
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
    .bind(new.max_bytes.map(to_column))
    .fetch_one(&mut **write)
    .await
}

/// Returns a count of bytes as the tables keep it.
pub(super) fn to_column(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// Cancels an upload that still waits, and puts its file into the trash.
pub(crate) async fn cancel_upload(
    write: &mut Write,
    id: &str,
    now: DateTime<Utc>,
) -> Result<CancelOutcome, sqlx::Error> {
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
        super::sweep::add_to_trash(write, id).await?;
        return Ok(CancelOutcome::Done(Box::new(upload)));
    }
    // Why asked afterwards: the update alone does not distinguish a late request from a wrong id.
    let known: Option<i64> = sqlx::query_scalar("select 1 from uploads where id = $1 and by_url = 0")
        .bind(id)
        .fetch_optional(&mut **write)
        .await?;
    Ok(if known.is_some() {
        CancelOutcome::TooLate
    } else {
        CancelOutcome::Unknown
    })
}

/// Turns a waiting upload into one with an asset. Returns `None` when it has ended otherwise meanwhile.
pub(crate) async fn complete_upload(
    write: &mut Write,
    id: &str,
    asset_id: &str,
    size: u64,
    now: DateTime<Utc>,
) -> Result<Option<Upload>, sqlx::Error> {
    let done: Option<Upload> = sqlx::query_as(concat!(
        "update uploads set status = 'asset_created', asset_id = $2, received_bytes = $3, total_bytes = $3 \
         where id = $1 and status = 'waiting' and expires_us > $4 \
         returning ",
        columns!()
    ))
    .bind(id)
    .bind(asset_id)
    .bind(to_column(size))
    .bind(micros(now))
    .fetch_optional(&mut **write)
    .await?;
    if let Some(upload) = &done {
        files::record_bytes(write, (id, FileKind::Original), &upload.owner, size).await?;
    }
    Ok(done)
}

/// Marks the upload of an asset that failed.
pub(crate) async fn fail_upload(
    write: &mut Write,
    id: &str,
    error: &Value,
) -> Result<Option<Upload>, sqlx::Error> {
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
