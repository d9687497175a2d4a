//! A video's row, between the database and the domain.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::types::Json;
use sqlx::{FromRow, Row};
use uuid::Uuid;

use super::StoreError;
use crate::domain::{Facts, FirstReady, Knowledge, Policy, ShownStatus, Status, Video};

/// Columns and members are one list, in one order: rows are read by place, since looking each column up by its name took
/// longer than reading it. (PostgreSQL's columns have the types that the migrations give them: nobody asks that of each
/// value.)
macro_rules! record {
    ($first:ident: $of_first:ty, $($column:ident: $of:ty,)*) => {
        /// Every column that a [`Video`] is read from.
        pub(super) const VIDEO_COLUMNS: &str =
            concat!("videos.", stringify!($first), $(", ", stringify!($column)),*);

        pub(super) struct VideoRecord {
            $first: $of_first,
            $($column: $of,)*
        }

        record!(@read PgRow, try_get_unchecked, $first $($column)*);
        record!(@read SqliteRow, try_get, $first $($column)*);
    };
    (@read $row:ty, $get:ident, $($column:ident)*) => {
        impl FromRow<'_, $row> for VideoRecord {
            fn from_row(row: &$row) -> Result<Self, sqlx::Error> {
                let mut places = 0..;
                let mut place = || places.next().unwrap_or_default();
                Ok(Self {
                    $($column: row.$get(place())?,)*
                })
            }
        }
    };
}

record! {
    id: Uuid,
    owner: String,
    provider: String,
    title: Option<String>,
    external_id: Option<String>,
    metadata: Json<Map<String, Value>>,
    thumbnail_time: Option<f64>,
    playback_policy: Policy,
    quality: Option<String>,
    status: ShownStatus,
    upload_id: Option<String>,
    asset_id: Option<String>,
    reported: String,
    gone: bool,
    delete_requested: bool,
    cancel_confirmed: bool,
    ready_at: Option<DateTime<Utc>>,
    ready_by_our_clock: bool,
    facts: Json<Facts>,
    captures: Json<Map<String, Value>>,
    steps: i32,
    unsent: Json<Vec<String>>,
    upload_expires_at: Option<DateTime<Utc>>,
    check_at: Option<DateTime<Utc>>,
    checks: i32,
    missing_since: Option<DateTime<Utc>>,
    lost: bool,
    version: i64,
    revision: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl VideoRecord {
    pub(super) const fn id(&self) -> Uuid {
        self.id
    }
}

impl TryFrom<VideoRecord> for Video {
    type Error = StoreError;

    fn try_from(row: VideoRecord) -> Result<Self, StoreError> {
        let reported: Status = row.reported.parse().map_err(|_| StoreError::BadRow {
            table: "videos",
            id: row.id.to_string(),
            problem: format!("reported status \"{}\"", row.reported),
        })?;
        let ready = row.ready_at.map(|at| FirstReady {
            by_our_clock: row.ready_by_our_clock,
            at_us: at.timestamp_micros(),
        });
        Ok(Self {
            id: row.id,
            owner: row.owner,
            provider: row.provider,
            title: row.title,
            external_id: row.external_id,
            metadata: row.metadata.0,
            thumbnail_time: row.thumbnail_time,
            playback_policy: row.playback_policy,
            quality: row.quality,
            status: row.status,
            known: Knowledge {
                upload_id: row.upload_id,
                asset_id: row.asset_id,
                gone: row.gone,
                delete_requested: row.delete_requested,
                cancel_confirmed: row.cancel_confirmed,
                reported,
                ready,
                lost: row.lost,
                facts: row.facts.0,
            },
            captures: row.captures.0,
            steps: row.steps,
            unsent: row.unsent.0,
            upload_expires_at: row.upload_expires_at,
            check_at: row.check_at,
            checks: row.checks,
            missing_since: row.missing_since,
            version: row.version,
            revision: row.revision,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// Rows to videos; the first unreadable one is the error.
pub(super) fn videos(rows: Vec<VideoRecord>) -> Result<Vec<Video>, StoreError> {
    rows.into_iter().map(Video::try_from).collect()
}
