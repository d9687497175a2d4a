//! Jobs: the work that assets still need.

use chrono::{DateTime, Utc};
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row};

use super::database::{Store, Write, micros};
use crate::sql::{row_by_name, stored_as_text};

/// The product of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum JobKind {
    /// The stream. After it the asset is ready.
    Transcode,
    /// `highest.mp4`, made from the stream.
    Static,
}

impl JobKind {
    /// Every kind.
    const ALL: [Self; 2] = [Self::Transcode, Self::Static];

    /// The name in the database and in metrics.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Transcode => "transcode",
            Self::Static => "static",
        }
    }
}

stored_as_text!(JobKind);

/// One row of `jobs`.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) asset_id: String,
    pub(crate) kind: JobKind,
    /// Attempts that were started and not taken back.
    pub(crate) attempts: i64,
}

row_by_name! { Job from SqliteRow; { asset_id, kind, attempts } }

/// A due job and its owner.
#[derive(Clone, Debug)]
pub(crate) struct DueJob {
    pub(crate) job: Job,
    /// The asset's owner; empty without one.
    pub(crate) owner: String,
}

impl FromRow<'_, SqliteRow> for DueJob {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            job: Job::from_row(row)?,
            owner: row.try_get("owner")?,
        })
    }
}

/// The measures of a finished static rendition.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct StaticMeasures {
    pub(crate) width: i64,
    pub(crate) height: i64,
    /// Bits per second.
    pub(crate) bitrate: i64,
    /// Bytes.
    pub(crate) filesize: i64,
}

impl Store {
    /// Lists [`DueJob`]s at `now`: at most `each` of one owner, 1024 in all. The first of every owner come first, by
    /// due time.
    pub(crate) async fn due_jobs(&self, now: DateTime<Utc>, each: usize) -> Result<Vec<DueJob>, sqlx::Error> {
        sqlx::query_as(
            // Why by owner: the many jobs of one owner must not hide the first of another.
            "select asset_id, kind, attempts, owner from ( \
             select jobs.asset_id, jobs.kind, jobs.attempts, jobs.due_us, jobs.rowid as row, assets.owner, \
             row_number() over (partition by assets.owner order by jobs.due_us, jobs.rowid) as place \
             from jobs join assets on assets.id = jobs.asset_id where jobs.due_us <= $1) \
             where place <= $2 order by place, due_us, row limit 1024",
        )
        .bind(micros(now))
        .bind(i64::try_from(each).unwrap_or(i64::MAX))
        .fetch_all(&self.readers)
        .await
    }

    /// Counts an attempt before it starts, so that one which takes the process down counts too. Returns false when
    /// the job is gone.
    pub(crate) async fn count_attempt(&self, job: &Job) -> Result<bool, sqlx::Error> {
        let done = sqlx::query("update jobs set attempts = attempts + 1 where asset_id = $1 and kind = $2")
            .bind(&job.asset_id)
            .bind(job.kind.as_str())
            .execute(&self.writer)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Takes a counted attempt back (the provider stops, the disk is full) and sets the next one.
    pub(crate) async fn postpone(&self, job: &Job, due: DateTime<Utc>) -> Result<(), sqlx::Error> {
        sqlx::query(
            "update jobs set attempts = max(attempts - 1, 0), due_us = $3 where asset_id = $1 and kind = $2",
        )
        .bind(&job.asset_id)
        .bind(job.kind.as_str())
        .bind(micros(due))
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// Sets the next attempt; the last one stays counted.
    pub(crate) async fn retry_job(&self, job: &Job, due: DateTime<Utc>) -> Result<(), sqlx::Error> {
        sqlx::query("update jobs set due_us = $3 where asset_id = $1 and kind = $2")
            .bind(&job.asset_id)
            .bind(job.kind.as_str())
            .bind(micros(due))
            .execute(&self.writer)
            .await?;
        Ok(())
    }
}

/// Inserts a [`Job`] that is due now; an existing one stays.
pub(crate) async fn insert_job(
    write: &mut Write,
    asset_id: &str,
    kind: JobKind,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query("insert into jobs (asset_id, kind, due_us) values ($1, $2, $3) on conflict do nothing")
        .bind(asset_id)
        .bind(kind.as_str())
        .bind(micros(now))
        .execute(&mut **write)
        .await?;
    Ok(())
}

/// Deletes a [`Job`] that is done.
pub(crate) async fn delete_job(write: &mut Write, job: &Job) -> Result<(), sqlx::Error> {
    sqlx::query("delete from jobs where asset_id = $1 and kind = $2")
        .bind(&job.asset_id)
        .bind(job.kind.as_str())
        .execute(&mut **write)
        .await?;
    Ok(())
}

/// Ends the static renditions that are `preparing`: `ready` with [`StaticMeasures`], `skipped` or `errored`.
pub(crate) async fn end_static_rendition(
    write: &mut Write,
    asset_id: &str,
    status: &str,
    made: Option<StaticMeasures>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update static_renditions set status = $2, width = $3, height = $4, bitrate = $5, filesize = $6 \
         where asset_id = $1 and status = 'preparing'",
    )
    .bind(asset_id)
    .bind(status)
    .bind(made.map(|made| made.width))
    .bind(made.map(|made| made.height))
    .bind(made.map(|made| made.bitrate))
    .bind(made.map(|made| made.filesize))
    .execute(&mut **write)
    .await?;
    Ok(())
}
