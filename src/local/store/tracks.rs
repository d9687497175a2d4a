//! Tracks beside the picture and the first sound: subtitles, and further sounds of a file.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{sqlite::SqliteRow, types::Json};

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
