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
    /// The further sizes of a ready asset, one after the other.
    Sizes,
    /// The tracks that were found in the file of a ready asset, one after the other.
    Tracks,
}

impl JobKind {
    /// Every kind.
    pub(crate) const ALL: [Self; 4] = [Self::Transcode, Self::Static, Self::Sizes, Self::Tracks];

    /// The name in the database and in metrics.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Transcode => "transcode",
            Self::Static => "static",
            Self::Sizes => "sizes",
            Self::Tracks => "tracks",
        }
    }
}

/// Chooses between the same statement on `jobs`, for the kind `$2`, on `size_jobs` and on `track_jobs`.
macro_rules! on_table_of {
    ($kind:expr, $before:literal, $after:literal) => {
        match $kind {
            JobKind::Transcode | JobKind::Static => {
                concat!($before, " jobs ", $after, " where asset_id = $1 and kind = $2")
            }
            // Why `$2` here too: all take the same parameters.
            JobKind::Sizes => concat!(
                $before,
                " size_jobs ",
                $after,
                " where asset_id = $1 and $2 = 'sizes'"
            ),
            JobKind::Tracks => concat!(
                $before,
                " track_jobs ",
                $after,
                " where asset_id = $1 and $2 = 'tracks'"
            ),
        }
    };
}

stored_as_text!(JobKind);

/// One row of `jobs`.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) asset_id: String,
    pub(crate) kind: JobKind,
    /// Attempts that have failed for a reason that may pass.
    pub(crate) attempts: i64,
    /// Starts that are not known to have ended: the process ended before.
    pub(crate) starts: i64,
}

row_by_name! { Job from SqliteRow; { asset_id, kind, attempts, starts } }

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

impl Store {
    /// Lists [`DueJob`]s at `now`: at most `each` of one owner and kind, 1024 in all. The first of every owner come
    /// first, by due time; further sizes come last.
    pub(crate) async fn due_jobs(&self, now: DateTime<Utc>, each: usize) -> Result<Vec<DueJob>, sqlx::Error> {
        sqlx::query_as(
            // Why by owner: the many jobs of one owner must not hide the first of another.
            "select asset_id, kind, attempts, starts, owner from ( \
             select due.*, assets.owner, row_number() over \
             (partition by assets.owner, due.kind order by due.due_us, due.asset_id) as place from ( \
             select asset_id, kind, attempts, starts, due_us from jobs where due_us <= $1 union all \
             select asset_id, 'sizes', attempts, starts, due_us from size_jobs where due_us <= $1 union all \
             select asset_id, 'tracks', attempts, starts, due_us from track_jobs where due_us <= $1) as due \
             join assets on assets.id = due.asset_id) \
             where place <= $2 order by kind = 'sizes', place, due_us, asset_id limit 1024",
        )
        .bind(micros(now))
        .bind(i64::try_from(each).unwrap_or(i64::MAX))
        .fetch_all(&self.readers)
        .await
    }

    /// Returns the time of the file's clock at which the stream of an asset with a tracks job begins, in seconds; `None`
    /// without such a job.
    pub(crate) async fn tracks_origin_s(&self, asset_id: &str) -> Result<Option<f64>, sqlx::Error> {
        sqlx::query_scalar("select origin_s from track_jobs where asset_id = $1")
            .bind(asset_id)
            .fetch_optional(&self.readers)
            .await
    }

    /// Counts a start before it happens, so that one which takes the process down is counted. Returns false when the
    /// job is gone.
    pub(crate) async fn count_start(&self, job: &Job) -> Result<bool, sqlx::Error> {
        let done = sqlx::query(on_table_of!(job.kind, "update", "set starts = starts + 1"))
            .bind(&job.asset_id)
            .bind(job.kind.as_str())
            .execute(&self.writer)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Ends a start without a result (the provider stops, the disk is full, the place was needed) and sets the next
    /// one.
    pub(crate) async fn postpone(&self, job: &Job, due: DateTime<Utc>) -> Result<(), sqlx::Error> {
        let set = on_table_of!(job.kind, "update", "set starts = max(starts - 1, 0), due_us = $3");
        self.set_due(set, job, due).await
    }

    /// Counts a failed attempt and sets the next one.
    pub(crate) async fn retry_job(&self, job: &Job, due: DateTime<Utc>) -> Result<(), sqlx::Error> {
        let set = on_table_of!(
            job.kind,
            "update",
            "set attempts = attempts + 1, starts = max(starts - 1, 0), due_us = $3"
        );
        self.set_due(set, job, due).await
    }

    /// Runs an update that sets the due time.
    async fn set_due(&self, update: &'static str, job: &Job, due: DateTime<Utc>) -> Result<(), sqlx::Error> {
        sqlx::query(update)
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

/// Makes the further sizes of a ready asset the next job, from its first attempt on.
pub(crate) async fn plan_sizes(
    write: &mut Write,
    asset_id: &str,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into size_jobs (asset_id, due_us) values ($1, $2) \
         on conflict (asset_id) do update set attempts = 0, starts = 0, due_us = excluded.due_us",
    )
    .bind(asset_id)
    .bind(micros(now))
    .execute(&mut **write)
    .await?;
    Ok(())
}

/// Makes the embedded tracks of a ready asset a job; see `origin_s` of the table. An existing one stays.
pub(crate) async fn plan_tracks(
    write: &mut Write,
    asset_id: &str,
    origin_s: f64,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into track_jobs (asset_id, origin_s, due_us) values ($1, $2, $3) on conflict do nothing",
    )
    .bind(asset_id)
    .bind(origin_s)
    .bind(micros(now))
    .execute(&mut **write)
    .await?;
    Ok(())
}

/// Makes the tracks job of an asset due now, from its first attempt on: one track is made, others are left.
pub(crate) async fn continue_tracks(
    write: &mut Write,
    asset_id: &str,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query("update track_jobs set attempts = 0, starts = 0, due_us = $2 where asset_id = $1")
        .bind(asset_id)
        .bind(micros(now))
        .execute(&mut **write)
        .await?;
    Ok(())
}

/// Deletes a [`Job`] that is done.
pub(crate) async fn delete_job(write: &mut Write, job: &Job) -> Result<(), sqlx::Error> {
    sqlx::query(on_table_of!(job.kind, "delete from", ""))
        .bind(&job.asset_id)
        .bind(job.kind.as_str())
        .execute(&mut **write)
        .await?;
    Ok(())
}
