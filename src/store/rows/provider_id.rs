//! `provider_ids`: which video has which id at its provider. The table grows by a row an id and is never changed.

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use super::columns::table;
use crate::domain::Video;
use crate::sql::row_by_name;

table! {
    /// The columns of `provider_ids`.
    IdTable is "provider_ids", of<'r> NewId<'r>;
    provider: String = |new| new.provider, Once;
    kind: String = |new| new.kind, Once;
    id: String = |new| new.id, Once;
    video_id: Uuid = |new| new.video_id, Once;
}

/// An id that becomes known.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct NewId<'a> {
    pub(in crate::store) provider: &'a str,
    /// `upload` or `asset`.
    pub(in crate::store) kind: &'static str,
    /// The id at the provider.
    pub(in crate::store) id: &'a str,
    pub(in crate::store) video_id: Uuid,
}

/// Returns the ids that `after` has and `before` had not; all of them where there is no `before`.
pub(in crate::store) fn gained_ids<'a>(
    before: Option<&Video>,
    after: &'a Video,
) -> impl Iterator<Item = NewId<'a>> + use<'a> {
    let (had_upload, had_asset) = before.map_or((false, false), |video| {
        (video.known.upload_id.is_some(), video.known.asset_id.is_some())
    });
    let upload = after.known.upload_id.as_deref().filter(|_| !had_upload);
    let asset = after.known.asset_id.as_deref().filter(|_| !had_asset);
    let gained = [("upload", upload), ("asset", asset)];
    gained.into_iter().filter_map(move |(kind, id)| {
        Some(NewId {
            provider: &after.provider,
            kind,
            id: id?,
            video_id: after.id,
        })
    })
}

/// A video whose row is removed, and the ids that it had.
#[derive(Debug)]
pub(in crate::store) struct PurgedVideo {
    pub(in crate::store) id: Uuid,
    pub(in crate::store) provider: String,
    pub(in crate::store) upload_id: Option<String>,
    pub(in crate::store) asset_id: Option<String>,
}

row_by_name! { PurgedVideo from PgRow, SqliteRow; { id, provider, upload_id, asset_id } }
