//! `videos`: one row a [`Video`].
//!
//! A new column is a migration, a line of `videos!` below, and the member of [`Video`] or of its [`Knowledge`].

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row};
use uuid::Uuid;

use super::columns::{ColumnValue, Derived, table};
use crate::domain::{
    AskedTracks, Facts, FirstReady, Knowledge, Policy, RenditionRequests, Replacement, ShownStatus,
    SourceUrl, Status, Video,
};
use crate::store::error::StoreError;
use crate::store::folding::fold_text;

/// Declares the table and its row, in four groups: members of [`Video`], members of [`Video::known`], the two columns that
/// are [`Knowledge::ready`], and those that rows are only found by.
macro_rules! videos {
    (
        video { $($column:ident: $type:ty, $written:ident;)* }
        known { $($known:ident: $known_type:ty, $known_written:ident;)* }
        ready { $($ready:ident: $ready_type:ty = |$in:ident| $value:expr, $ready_written:ident;)* }
        found_by { $($key:ident: $key_type:ty = |$of:ident| $made:expr, $key_written:ident;)* }
    ) => {
        table! {
            /// The columns of `videos`.
            VideoTable is "videos", of<'r> Video,
                found by { $($key: $key_type = |$of| $made, $key_written;)* };
            $($column: $type = |video| ColumnValue::write(&video.$column), $written;)*
            $($known: $known_type = |video| ColumnValue::write(&video.known.$known), $known_written;)*
            $($ready: $ready_type = |$in| $value, $ready_written;)*
        }

        /// A row of `videos`, decoded and not yet looked at.
        pub(in crate::store) struct VideoRow {
            $($column: <$type as ColumnValue>::Read,)*
            $($known: <$known_type as ColumnValue>::Read,)*
            $($ready: <$ready_type as ColumnValue>::Read,)*
        }

        videos!(@read PgRow, try_get_unchecked, $($column)* $($known)* $($ready)*);
        videos!(@read SqliteRow, try_get, $($column)* $($known)* $($ready)*);

        impl TryFrom<VideoRow> for Video {
            type Error = StoreError;

            fn try_from(row: VideoRow) -> Result<Self, StoreError> {
                let id = row.id;
                Ok(Self {
                    $($column: read_column(id, stringify!($column), <$type as ColumnValue>::read(row.$column))?,)*
                    known: Knowledge {
                        $($known: read_column(id, stringify!($known), <$known_type as ColumnValue>::read(row.$known))?,)*
                        ready: first_ready(row.ready_at, row.ready_by_our_clock),
                    },
                })
            }
        }
    };
    // Why by place: looking each column up by its name took longer than reading it. Why unchecked: the migrations give
    // PostgreSQL's columns their types, so that the type of a value needs no check.
    (@read $row:ty, $get:ident, $($column:ident)*) => {
        impl FromRow<'_, $row> for VideoRow {
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

videos! {
    video {
        id: Uuid, Once;
        owner: String, Once;
        provider: String, Once;
        reference: Option<Uuid>, Once;
        title: Option<String>, Edited;
        external_id: Option<String>, Edited;
        metadata: Map<String, Value>, Edited;
        thumbnail_time: Option<f64>, Edited;
        replaces: Option<Uuid>, Once;
        exchanged_at: Option<DateTime<Utc>>, Once;
        undone_at: Option<DateTime<Utc>>, Once;
        shown_version: i64, Edited;
        replacement: Option<Replacement>, Edited;
        delete_at: Option<DateTime<Utc>>, Edited;
        playback_policy: Policy, Once;
        quality: Option<String>, Once;
        max_bytes: Option<i64>, Once;
        max_duration_s: Option<i64>, Once;
        file_size: Option<i64>, Once;
        status: ShownStatus, Observed;
        captures: Map<String, Value>, Edited;
        steps: i32, Edited;
        source_url: Option<SourceUrl>, Edited;
        is_ingest: bool, Once;
        step_until: Option<DateTime<Utc>>, Edited;
        unsent: Vec<String>, Edited;
        renditions_asked: Option<RenditionRequests>, Edited;
        tracks_asked: Option<AskedTracks>, Edited;
        upload_expires_at: Option<DateTime<Utc>>, Edited;
        check_at: Option<DateTime<Utc>>, Observed;
        checks: i32, Observed;
        missing_since: Option<DateTime<Utc>>, Edited;
        version: i64, Observed;
        revision: i64, Observed;
        created_at: DateTime<Utc>, Once;
        updated_at: DateTime<Utc>, Observed;
    }
    known {
        upload_id: Option<String>, Observed;
        asset_id: Option<String>, Observed;
        reported: Status, Observed;
        gone: bool, Observed;
        delete_requested: bool, Observed;
        cancel_confirmed: bool, Observed;
        lost: bool, Observed;
        facts: Facts, Observed;
        picture_facts: Option<Facts>, Observed;
        file_facts: Option<Facts>, Observed;
        rendition_facts: Option<Facts>, Observed;
        longest_ready_s: Option<f64>, Observed;
        discarded: bool, Observed;
    }
    ready {
        ready_at: Option<DateTime<Utc>> = |video| video.known.ready_at(), Observed;
        ready_by_our_clock: bool = |video| video.known.ready.is_some_and(|ready| ready.by_our_clock), Observed;
    }
    found_by {
        // Why the title beside it: a release that does not know the column changes the title alone, and then the folded
        // one counts for nothing.
        title_folded: Option<Derived> = |video| video.title.as_deref().map(fold_text), Edited;
        title_folded_of: Option<String> = |video| ColumnValue::write(&video.title), Edited;
    }
}

impl VideoRow {
    /// Returns the row's key, readable even where the rest is not.
    pub(in crate::store) const fn id(&self) -> Uuid {
        self.id
    }
}

fn first_ready(at: Option<DateTime<Utc>>, by_our_clock: bool) -> Option<FirstReady> {
    at.map(|at| FirstReady {
        by_our_clock,
        at_us: at.timestamp_micros(),
    })
}

/// Names row and column where a value is none that a release of this program writes.
fn read_column<T>(id: Uuid, column: &'static str, value: Result<T, String>) -> Result<T, StoreError> {
    value.map_err(|problem| StoreError::BadRow {
        table: "videos",
        id: id.to_string(),
        problem: format!("{column} {problem}"),
    })
}

/// Turns rows into videos.
///
/// # Errors
/// The first row that is unreadable.
pub(in crate::store) fn to_videos(rows: Vec<VideoRow>) -> Result<Vec<Video>, StoreError> {
    rows.into_iter().map(Video::try_from).collect()
}
