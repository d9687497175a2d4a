//! Which video has which id at its provider: a table that grows by a row an id and is never changed.

use sqlx::QueryBuilder;
use uuid::Uuid;

use super::tx::Tx;
use super::videos::identity;
use super::{StoreError, arrays};
use crate::domain::Video;

/// An id that becomes known.
#[derive(Clone, Copy, Debug)]
pub(super) struct NewId<'a> {
    pub(super) provider: &'a str,
    /// `upload` or `asset`.
    pub(super) kind: &'static str,
    pub(super) id: &'a str,
    pub(super) video: Uuid,
}

/// The ids that a video has and had not `before`; all of them where it is new.
pub(super) fn gained<'a>(
    before: Option<&Video>,
    after: &'a Video,
) -> impl Iterator<Item = NewId<'a>> + use<'a> {
    let had = before.map(|video| (video.known.upload_id.is_some(), video.known.asset_id.is_some()));
    let (upload, asset) = had.unwrap_or_default();
    let upload = after.known.upload_id.as_deref().filter(|_| !upload);
    let asset = after.known.asset_id.as_deref().filter(|_| !asset);
    let new = move |kind, id| NewId {
        provider: &after.provider,
        kind,
        id,
        video: after.id,
    };
    let upload = upload.map(|id| new("upload", id));
    upload.into_iter().chain(asset.map(|id| new("asset", id)))
}

impl Tx {
    /// Makes ids known.
    ///
    /// # Errors
    /// The database fails, or one belongs to another video.
    pub(super) async fn insert_ids(&mut self, ids: &[NewId<'_>]) -> Result<(), StoreError> {
        if ids.is_empty() {
            return Ok(());
        }
        let tx = match self {
            // One prepared statement for every size; SQLite has no arrays.
            Self::Postgres(tx) => return arrays::insert_ids(tx.executor(), ids).await.map_err(identity),
            Self::Sqlite(tx) => tx,
        };
        let mut query = QueryBuilder::new("insert into provider_ids (provider, kind, id, video_id) ");
        query.push_values(ids, |mut row, new| {
            row.push_bind(new.provider)
                .push_bind(new.kind)
                .push_bind(new.id)
                .push_bind(new.video);
        });
        query.build().execute(&mut **tx).await.map(drop).map_err(identity)
    }

    /// Forgets the ids of videos that are purged.
    pub(super) async fn forget_ids(&mut self, purged: &[PurgedIds]) -> Result<(), StoreError> {
        for row in purged {
            for (kind, id) in [("upload", &row.upload_id), ("asset", &row.asset_id)] {
                super::tx::on_tx!(&mut *self, |tx| {
                    sqlx::query("delete from provider_ids where provider = $1 and kind = $2 and id = $3")
                        .bind(&row.provider)
                        .bind(kind)
                        .bind(id)
                        .execute(tx)
                        .await
                        .map(drop)
                })?;
            }
        }
        Ok(())
    }
}

/// A video that is purged, and the ids it had.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct PurgedIds {
    pub(super) id: Uuid,
    provider: String,
    upload_id: Option<String>,
    asset_id: Option<String>,
}
