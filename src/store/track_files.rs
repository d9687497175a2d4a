//! Files of tracks that their provider does not have yet.
//!
//! A file is written before the row of its video says that the track is asked for, and removed when the provider has it, or
//! when nobody asks for the track any more. Why in this order: whoever finds the track in the row finds its file. A crash in
//! between leaves a file that nobody asks for; [`Store::prune_track_files`] removes it. The foreign key removes what belongs
//! to a row that is removed.

use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use super::database::{Tx, on_pool, on_tx};
use super::error::StoreError;
use super::handle::Store;
use crate::domain::SourceUrl;
use crate::sql::row_by_name;

/// The file of a track that its provider does not have yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrackFile {
    /// `WebVTT`.
    Body(Vec<u8>),
    /// The address that a caller named. The provider fetches the file from there.
    Source(SourceUrl),
}

struct FileRow {
    body: Option<Vec<u8>>,
    source_url: Option<String>,
}

row_by_name! { FileRow from PgRow, SqliteRow; { body, source_url } }

impl Store {
    /// Writes the file of a track; one that is there stays. Returns false where there is no such video.
    ///
    /// # Errors
    /// The database fails.
    pub async fn insert_track_file(
        &self,
        track_id: Uuid,
        video_id: Uuid,
        file: &TrackFile,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let (body, source) = match file {
            TrackFile::Body(body) => (Some(body.as_slice()), None),
            TrackFile::Source(url) => (None, Some(url.expose())),
        };
        let inserted = on_pool!(&self.writer, |pool| {
            sqlx::query(
                "insert into track_files (track_id, video_id, body, source_url, created_at) \
                 values ($1, $2, $3, $4, $5) on conflict (track_id) do nothing",
            )
            .bind(track_id)
            .bind(video_id)
            .bind(body)
            .bind(source)
            .bind(now)
            .execute(pool)
            .await
            .map(drop)
        });
        match inserted {
            Ok(()) => Ok(true),
            Err(sqlx::Error::Database(inner)) if inner.is_foreign_key_violation() => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns the file of a track; `None` where its provider has it, or there never was one.
    ///
    /// # Errors
    /// The database fails.
    pub async fn find_track_file(&self, track_id: Uuid) -> Result<Option<TrackFile>, StoreError> {
        let found: Option<FileRow> = on_pool!(&self.readers, |pool| {
            sqlx::query_as("select body, source_url from track_files where track_id = $1")
                .bind(track_id)
                .fetch_optional(pool)
                .await
        })?;
        Ok(found.and_then(|row| match (row.body, row.source_url) {
            (Some(body), _) => Some(TrackFile::Body(body)),
            (None, Some(url)) => Some(TrackFile::Source(SourceUrl::new(url))),
            (None, None) => None,
        }))
    }

    /// Removes the file of a track.
    ///
    /// # Errors
    /// The database fails.
    pub async fn remove_track_file(&self, track_id: Uuid) -> Result<(), StoreError> {
        Ok(on_pool!(&self.writer, |pool| {
            sqlx::query("delete from track_files where track_id = $1")
                .bind(track_id)
                .execute(pool)
                .await
                .map(drop)
        })?)
    }

    /// Removes the files of a video's tracks.
    ///
    /// # Errors
    /// The database fails.
    pub async fn remove_track_files_of(&self, video_id: Uuid) -> Result<(), StoreError> {
        Ok(on_pool!(&self.writer, |pool| {
            sqlx::query("delete from track_files where video_id = $1")
                .bind(video_id)
                .execute(pool)
                .await
                .map(drop)
        })?)
    }

    /// Removes files that were written before `until`, at most `limit`. Returns how many.
    ///
    /// # Errors
    /// The database fails.
    pub async fn prune_track_files(&self, until: DateTime<Utc>, limit: i64) -> Result<u64, StoreError> {
        Ok(on_pool!(&self.writer, |pool| {
            sqlx::query(
                "delete from track_files where track_id in ( \
                 select track_id from track_files where created_at < $1 limit $2)",
            )
            .bind(until)
            .bind(limit)
            .execute(pool)
            .await
            .map(|result| result.rows_affected())
        })?)
    }
}

impl Tx {
    /// Gives the files of either row's tracks to the other one.
    pub(in crate::store) async fn move_track_files(
        &mut self,
        one: Uuid,
        other: Uuid,
    ) -> Result<(), StoreError> {
        Ok(on_tx!(self, |tx| {
            sqlx::query(
                "update track_files set video_id = case when video_id = $1 then $2 else $1 end \
                 where video_id in ($1, $2)",
            )
            .bind(one)
            .bind(other)
            .execute(tx.executor())
            .await
            .map(drop)
        })?)
    }
}
