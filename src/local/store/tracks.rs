//! Tracks beside the picture and the first sound: subtitles, and further sounds of a file.

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde_json::Value;
use sqlx::{FromRow, Row, sqlite::SqliteRow, types::Json};

use super::{
    database::{Store, Write, micros},
    uploads::to_column,
};
use crate::sql::{row_by_name, stored_as_text};

/// The columns of [`Track`].
macro_rules! columns {
    () => {
        "id, kind, source, stream, language_code, name, closed_captions, channels, status, error, passthrough"
    };
}

/// The content of a track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TrackKind {
    /// Subtitles or captions, as WebVTT.
    Text,
    /// A further sound.
    Audio,
}

/// The way in which a track came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TrackSource {
    /// A caller sent it, or named its URL.
    Uploaded,
    /// It is a stream of the asset's file.
    Embedded,
}

impl TrackKind {
    /// Every kind.
    const ALL: [Self; 2] = [Self::Text, Self::Audio];

    /// The name in the database, and Mux's.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Audio => "audio",
        }
    }
}

impl TrackSource {
    /// Every source.
    const ALL: [Self; 2] = [Self::Uploaded, Self::Embedded];

    /// The name in the database, and Mux's.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Uploaded => "uploaded",
            Self::Embedded => "embedded",
        }
    }
}

stored_as_text!(TrackKind, TrackSource);

/// One row of `tracks`.
#[derive(Clone, Debug)]
pub(crate) struct Track {
    pub(crate) id: String,
    pub(crate) kind: TrackKind,
    pub(crate) source: TrackSource,
    /// The stream's index in the asset's file, where it is embedded.
    pub(crate) stream: Option<u32>,
    /// BCP 47; `None` where it is not known.
    pub(crate) language_code: Option<String>,
    pub(crate) name: String,
    pub(crate) closed_captions: bool,
    /// Channels of a sound.
    pub(crate) channels: Option<u32>,
    /// `preparing`, `ready` or `errored`.
    pub(crate) status: String,
    /// `{type, messages}` of an errored track.
    pub(crate) error: Option<Json<Value>>,
    /// The caller's own text.
    pub(crate) passthrough: Option<String>,
}

row_by_name! {
    Track from SqliteRow;
    {
        id, kind, source, stream, language_code, name, closed_captions, channels, status, error, passthrough,
    }
}

impl Track {
    /// Returns true when viewers may have the track.
    pub(crate) fn is_ready(&self) -> bool {
        self.status == "ready"
    }

    /// Returns true while the track is to be made or fetched.
    pub(crate) fn is_preparing(&self) -> bool {
        self.status == "preparing"
    }
}

/// The values of a new [`Track`], for [`insert_track`].
#[derive(Clone, Debug)]
pub(crate) struct NewTrack {
    pub(crate) kind: TrackKind,
    pub(crate) source: TrackSource,
    pub(crate) stream: Option<u32>,
    pub(crate) language_code: Option<String>,
    pub(crate) name: String,
    pub(crate) closed_captions: bool,
    pub(crate) channels: Option<u32>,
    pub(crate) passthrough: Option<String>,
}

/// The end of the work on a track.
#[derive(Clone, Debug)]
pub(crate) enum TrackEnd {
    /// It is in its place, with this many bytes.
    Ready(u64),
    /// It cannot be had: `{type, messages}`.
    Errored(Value),
}

impl Store {
    /// Lists the [`Track`]s of an asset, oldest first.
    pub(crate) async fn list_tracks(&self, asset_id: &str) -> Result<Vec<Track>, sqlx::Error> {
        sqlx::query_as(concat!(
            "select ",
            columns!(),
            " from tracks where asset_id = $1 order by rowid"
        ))
        .bind(asset_id)
        .fetch_all(&self.readers)
        .await
    }
}

/// A text track whose file is still to be fetched.
#[derive(Clone, Debug)]
pub(crate) struct TextFetch {
    pub(crate) track: Track,
    pub(crate) asset_id: String,
    /// The asset's owner; empty without one.
    pub(crate) owner: String,
    /// The URL; it may hold a secret.
    pub(crate) url: SecretString,
    /// Failed tries.
    pub(crate) tries: u32,
}

impl FromRow<'_, SqliteRow> for TextFetch {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            track: Track::from_row(row)?,
            asset_id: row.try_get("asset_id")?,
            owner: row.try_get("owner")?,
            url: row.try_get::<String, _>("url")?.into(),
            tries: row.try_get("tries")?,
        })
    }
}

/// Selects [`TextFetch`]es; a condition follows.
macro_rules! select_fetches {
    ($rest:literal) => {
        concat!(
            "select ",
            "tracks.id, kind, source, stream, language_code, name, closed_captions, channels, tracks.status, error, \
             tracks.passthrough, tracks.asset_id, owner, url, tries \
             from track_fetches join tracks on tracks.id = track_id join assets on assets.id = tracks.asset_id ",
            $rest
        )
    };
}

impl Store {
    /// Lists due [`TextFetch`]es: at most `each` of one owner, 256 in all. The first of every owner come first.
    pub(crate) async fn due_text_fetches(
        &self,
        now: DateTime<Utc>,
        each: usize,
    ) -> Result<Vec<TextFetch>, sqlx::Error> {
        sqlx::query_as(select_fetches!(
            // Why by owner: the many fetches of one owner must not hide the first of another.
            "join (select track_id as due_id, row_number() over \
             (partition by assets.owner order by due_us, track_id) as place \
             from track_fetches join tracks on tracks.id = track_id join assets on assets.id = tracks.asset_id \
             where due_us <= $1) on due_id = track_id where place <= $2 order by place, due_us, track_id limit 256"
        ))
        .bind(micros(now))
        .bind(to_column(each as u64))
        .fetch_all(&self.readers)
        .await
    }

    /// Finds the [`TextFetch`] of a track.
    pub(crate) async fn find_text_fetch(&self, track_id: &str) -> Result<Option<TextFetch>, sqlx::Error> {
        sqlx::query_as(select_fetches!("where track_id = $1"))
            .bind(track_id)
            .fetch_optional(&self.readers)
            .await
    }

    /// Sets the next try of a fetch, which has failed `tries` times.
    pub(crate) async fn retry_text_fetch(
        &self,
        track_id: &str,
        tries: u32,
        due: DateTime<Utc>,
    ) -> Result<(), sqlx::Error> {
        sqlx::query("update track_fetches set tries = $2, due_us = $3 where track_id = $1")
            .bind(track_id)
            .bind(tries)
            .bind(micros(due))
            .execute(&self.writer)
            .await?;
        Ok(())
    }
}

/// Inserts the fetch of a text track, due now.
pub(crate) async fn insert_text_fetch(
    write: &mut Write,
    track_id: &str,
    url: &str,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query("insert into track_fetches (track_id, url, due_us) values ($1, $2, $3)")
        .bind(track_id)
        .bind(url)
        .bind(micros(now))
        .execute(&mut **write)
        .await?;
    Ok(())
}

/// Ends the fetch of a text track, and forgets its URL.
pub(crate) async fn delete_text_fetch(write: &mut Write, track_id: &str) -> Result<(), sqlx::Error> {
    sqlx::query("delete from track_fetches where track_id = $1")
        .bind(track_id)
        .execute(&mut **write)
        .await?;
    Ok(())
}

/// Lists the [`Track`]s of an asset as the transaction sees them, oldest first.
pub(crate) async fn tracks_in(write: &mut Write, asset_id: &str) -> Result<Vec<Track>, sqlx::Error> {
    sqlx::query_as(concat!(
        "select ",
        columns!(),
        " from tracks where asset_id = $1 order by rowid"
    ))
    .bind(asset_id)
    .fetch_all(&mut **write)
    .await
}

/// Inserts a [`Track`], `preparing`.
pub(crate) async fn insert_track(
    write: &mut Write,
    (id, asset_id): (&str, &str),
    new: &NewTrack,
    now: DateTime<Utc>,
) -> Result<Track, sqlx::Error> {
    sqlx::query_as(concat!(
        "insert into tracks (id, asset_id, kind, source, stream, language_code, name, closed_captions, channels, \
         status, passthrough, created_us) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'preparing', $10, $11) \
         returning ",
        columns!()
    ))
    .bind(id)
    .bind(asset_id)
    .bind(new.kind.as_str())
    .bind(new.source.as_str())
    .bind(new.stream)
    .bind(&new.language_code)
    .bind(&new.name)
    .bind(new.closed_captions)
    .bind(new.channels)
    .bind(&new.passthrough)
    .bind(micros(now))
    .fetch_one(&mut **write)
    .await
}

/// Ends the work on a track that is `preparing`. Returns the new [`Track`], or `None` when it is gone or has ended
/// otherwise.
pub(crate) async fn end_track(
    write: &mut Write,
    (asset_id, id): (&str, &str),
    end: &TrackEnd,
) -> Result<Option<Track>, sqlx::Error> {
    let (status, bytes, error) = match end {
        TrackEnd::Ready(bytes) => ("ready", *bytes, None),
        TrackEnd::Errored(error) => ("errored", 0, Some(Json(error))),
    };
    let ended = sqlx::query_as(concat!(
        "update tracks set status = $3, bytes = $4, error = $5 \
         where id = $1 and asset_id = $2 and status = 'preparing' returning ",
        columns!()
    ))
    .bind(id)
    .bind(asset_id)
    .bind(status)
    .bind(to_column(bytes))
    .bind(error)
    .fetch_optional(&mut **write)
    .await?;
    charge_tracks(write, asset_id).await?;
    Ok(ended)
}

/// Deletes a track of an asset, and its bytes from the owner's account. Returns `None` where the asset has none of that
/// id.
pub(crate) async fn delete_track(
    write: &mut Write,
    asset_id: &str,
    id: &str,
) -> Result<Option<Track>, sqlx::Error> {
    let gone = sqlx::query_as(concat!(
        "delete from tracks where id = $1 and asset_id = $2 returning ",
        columns!()
    ))
    .bind(id)
    .bind(asset_id)
    .fetch_optional(&mut **write)
    .await?;
    charge_tracks(write, asset_id).await?;
    Ok(gone)
}

/// Records the bytes of an asset's tracks, charged to its owner.
async fn charge_tracks(write: &mut Write, asset_id: &str) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into files (id, kind, owner, bytes) select id, 'tracks', owner, \
         (select coalesce(sum(bytes), 0) from tracks where asset_id = $1) from assets where id = $1 \
         on conflict (id, kind) do update set bytes = excluded.bytes",
    )
    .bind(asset_id)
    .execute(&mut **write)
    .await?;
    Ok(())
}
