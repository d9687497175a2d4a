//! Assets and their static renditions.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{sqlite::SqliteRow, types::Json};

use super::database::{Store, Write, micros};
use crate::local::media::media_info::MediaInfo;
use crate::sql::row_by_name;

/// The columns of [`Asset`].
macro_rules! columns {
    () => {
        "id, upload_id, status, test, passthrough, meta, settings, progress_state, progress, errors, media, \
         created_us, thumbnail_time, owner, by_url"
    };
}

/// One row of `assets`.
#[derive(Clone, Debug)]
pub(crate) struct Asset {
    pub(crate) id: String,
    pub(crate) upload_id: String,
    /// `preparing`, `ready` or `errored`.
    pub(crate) status: String,
    pub(crate) test: bool,
    /// The caller's own text.
    pub(crate) passthrough: Option<String>,
    /// `{title, creator_id, external_id}`, each optional.
    pub(crate) meta: Option<Json<Value>>,
    /// The normalised `new_asset_settings` of its upload.
    pub(crate) settings: Json<Value>,
    /// `ingesting`, `transcoding`, `completed` or `errored`.
    pub(crate) progress_state: String,
    /// Percent, 0 to 100; −1 after an error.
    pub(crate) progress: f64,
    /// `{type, messages}` of an errored asset.
    pub(crate) errors: Option<Json<Value>>,
    /// The finished stream of a ready asset.
    pub(crate) media: Option<Json<MediaInfo>>,
    pub(crate) created_us: i64,
    /// Time of the default thumbnail, in seconds; `None` means the middle.
    pub(crate) thumbnail_time: Option<f64>,
    /// The owner who is charged for the files; empty without one.
    pub(crate) owner: String,
    /// True when the file came, or is to come, from a URL.
    pub(crate) by_url: bool,
}

row_by_name! {
    Asset from SqliteRow;
    {
        id, upload_id, status, test, passthrough, meta, settings, progress_state, progress, errors, media, created_us,
        thumbnail_time, owner, by_url,
    }
}

/// The values of a new [`Asset`]'s row, for [`insert_asset`].
pub(crate) struct NewAsset<'a> {
    pub(crate) id: &'a str,
    pub(crate) upload_id: &'a str,
    pub(crate) test: bool,
    pub(crate) settings: &'a Value,
    pub(crate) by_url: bool,
    pub(crate) now: DateTime<Utc>,
}

/// The place where the next page of a list begins: behind this asset.
#[derive(Clone, Debug)]
pub(crate) struct Position {
    pub(crate) created_us: i64,
    pub(crate) id: String,
}

/// The fields that PATCH may change, for [`update_asset`]; `None` leaves a field alone.
#[derive(Default)]
pub(crate) struct AssetChanges {
    pub(crate) passthrough: Option<FieldChange<String>>,
    pub(crate) meta: Option<FieldChange<Value>>,
    pub(crate) thumbnail_time: Option<FieldChange<f64>>,
}

/// The new value of a field that can be cleared.
pub(crate) enum FieldChange<T> {
    Set(T),
    Clear,
}

impl<T> FieldChange<T> {
    /// Returns the new value; `None` clears the field.
    fn value(&self) -> Option<&T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Clear => None,
        }
    }
}

impl<T> From<Option<T>> for FieldChange<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Clear, Self::Set)
    }
}

impl Store {
    /// Finds an [`Asset`] by its id.
    pub(crate) async fn find_asset(&self, id: &str) -> Result<Option<Asset>, sqlx::Error> {
        sqlx::query_as(concat!("select ", columns!(), " from assets where id = $1"))
            .bind(id)
            .fetch_optional(&self.readers)
            .await
    }

    /// Lists a page of [`Asset`]s, newest first; only those of `upload_id` where it is given. The page begins behind
    /// `after`, then skips `offset` rows.
    pub(crate) async fn list_assets(
        &self,
        upload_id: Option<&str>,
        after: Option<&Position>,
        limit: i64,
        offset: i64,
    ) -> Result<Vec<Asset>, sqlx::Error> {
        sqlx::query_as(concat!(
            "select ",
            columns!(),
            " from assets where ($1 is null or upload_id = $1) \
             and ($2 is null or (created_us, id) < ($2, $3)) \
             order by created_us desc, id desc limit $4 offset $5"
        ))
        .bind(upload_id)
        .bind(after.map(|position| position.created_us))
        .bind(after.map(|position| position.id.as_str()))
        .bind(limit)
        .bind(offset)
        .fetch_all(&self.readers)
        .await
    }

    /// Records the progress of a transcode, in percent. Only a `preparing` asset changes.
    pub(crate) async fn set_progress(&self, id: &str, percent: f64) -> Result<(), sqlx::Error> {
        sqlx::query(
            "update assets set progress_state = 'transcoding', progress = $2 where id = $1 and status = 'preparing'",
        )
        .bind(id)
        .bind(percent)
        .execute(&self.writer)
        .await?;
        Ok(())
    }
}

/// Inserts the row of a new [`Asset`], `preparing`.
pub(crate) async fn insert_asset(write: &mut Write, new: &NewAsset<'_>) -> Result<Asset, sqlx::Error> {
    sqlx::query_as(
        concat!("insert into assets (id, upload_id, status, test, passthrough, meta, settings, progress_state, progress, \
         created_us, by_url) values ($1, $2, 'preparing', $3, $4, $5, $6, 'ingesting', 0.0, $7, $8) \
         returning ", columns!()),
    )
    .bind(new.id)
    .bind(new.upload_id)
    .bind(new.test)
    .bind(new.settings.get("passthrough").and_then(Value::as_str))
    .bind(new.settings.get("meta").map(Json))
    .bind(Json(new.settings))
    .bind(micros(new.now))
    .bind(new.by_url)
    .fetch_one(&mut **write)
    .await
}

/// Changes the given fields. Returns the new [`Asset`], or `None` when there is no such asset.
pub(crate) async fn update_asset(
    write: &mut Write,
    id: &str,
    changes: &AssetChanges,
) -> Result<Option<Asset>, sqlx::Error> {
    sqlx::query_as(concat!(
        "update assets set passthrough = case when $2 then $3 else passthrough end, \
         meta = case when $4 then $5 else meta end, \
         thumbnail_time = case when $6 then $7 else thumbnail_time end where id = $1 \
         returning ",
        columns!()
    ))
    .bind(id)
    .bind(changes.passthrough.is_some())
    .bind(changes.passthrough.as_ref().and_then(FieldChange::value))
    .bind(changes.meta.is_some())
    .bind(changes.meta.as_ref().and_then(FieldChange::value).map(Json))
    .bind(changes.thumbnail_time.is_some())
    .bind(changes.thumbnail_time.as_ref().and_then(FieldChange::value))
    .fetch_optional(&mut **write)
    .await
}

/// Marks a `preparing` asset ready. Returns the new [`Asset`], or `None` when it is gone or has ended otherwise.
pub(crate) async fn make_ready(
    write: &mut Write,
    id: &str,
    media: &MediaInfo,
) -> Result<Option<Asset>, sqlx::Error> {
    sqlx::query_as(concat!(
        "update assets set status = 'ready', progress_state = 'completed', progress = 100.0, media = $2 \
         where id = $1 and status = 'preparing' \
         returning ",
        columns!()
    ))
    .bind(id)
    .bind(Json(media))
    .fetch_optional(&mut **write)
    .await
}

/// Changes what is known of a ready asset's stream. Returns the new [`Asset`], or `None` when it is gone.
pub(crate) async fn change_media(
    write: &mut Write,
    id: &str,
    change: impl FnOnce(&mut MediaInfo) + Send,
) -> Result<Option<Asset>, sqlx::Error> {
    let read: Option<(Option<Json<MediaInfo>>,)> =
        sqlx::query_as("select media from assets where id = $1 and status = 'ready'")
            .bind(id)
            .fetch_optional(&mut **write)
            .await?;
    let Some((Some(Json(mut media)),)) = read else {
        return Ok(None);
    };
    change(&mut media);
    sqlx::query_as(concat!(
        "update assets set media = $2 where id = $1 \
         returning ",
        columns!()
    ))
    .bind(id)
    .bind(Json(media))
    .fetch_optional(&mut **write)
    .await
}

/// Marks a `preparing` asset errored; its original goes at `discard`, by [`Store::discard_originals`]. Returns `None`
/// when it is gone or has ended otherwise.
pub(crate) async fn fail_asset(
    write: &mut Write,
    id: &str,
    errors: &Value,
    discard: DateTime<Utc>,
) -> Result<Option<Asset>, sqlx::Error> {
    sqlx::query_as(concat!(
        "update assets set status = 'errored', progress_state = 'errored', progress = -1.0, errors = $2, \
         discard_us = $3 where id = $1 and status = 'preparing' \
         returning ",
        columns!()
    ))
    .bind(id)
    .bind(Json(errors))
    .bind(micros(discard))
    .fetch_optional(&mut **write)
    .await
}

/// Deletes the asset with its playback ids, jobs and renditions, and puts its files and its upload's into the trash
/// by [`add_to_trash`](super::sweep::add_to_trash). Returns `None` when there is none.
pub(crate) async fn delete_asset(write: &mut Write, id: &str) -> Result<Option<Asset>, sqlx::Error> {
    let gone: Option<Asset> = sqlx::query_as(concat!(
        "delete from assets where id = $1 \
         returning ",
        columns!()
    ))
    .bind(id)
    .fetch_optional(&mut **write)
    .await?;
    if let Some(asset) = &gone {
        super::sweep::add_to_trash(write, id).await?;
        super::sweep::add_to_trash(write, &asset.upload_id).await?;
    }
    Ok(gone)
}
