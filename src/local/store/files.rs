//! Bytes on the disk by owner: `files` has one row for each id and kind, with the bytes that are stored or reserved.

use super::database::{Store, Write};

/// The content of a file or folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// The uploaded file.
    Original,
    /// The stream.
    Media,
    /// `highest.mp4`.
    Static,
    /// Thumbnails, moving pictures, storyboards.
    Images,
    /// Subtitles, and further sounds.
    Tracks,
}

impl FileKind {
    /// The name in the database.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::Media => "media",
            Self::Static => "static",
            Self::Images => "images",
            Self::Tracks => "tracks",
        }
    }
}

impl Store {
    /// Records the bytes of an asset's images. Returns false when the asset is gone: then no sweep will remove them.
    pub(crate) async fn record_images(&self, asset_id: &str, bytes: u64) -> Result<bool, sqlx::Error> {
        let done = sqlx::query(
            // Why from `assets`: nothing may be recorded for an asset that is gone, because no sweep would remove it.
            "insert into files (id, kind, owner, bytes) select id, 'images', owner, $2 from assets where id = $1 \
             on conflict (id, kind) do update set bytes = excluded.bytes",
        )
        .bind(asset_id)
        .bind(i64::try_from(bytes).unwrap_or(i64::MAX))
        .execute(&self.writer)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Returns true when the bytes of `id` and [`FileKind`] are recorded.
    pub(crate) async fn has_recorded_bytes(&self, id: &str, kind: FileKind) -> Result<bool, sqlx::Error> {
        let known: Option<i64> = sqlx::query_scalar("select 1 from files where id = $1 and kind = $2")
            .bind(id)
            .bind(kind.as_str())
            .fetch_optional(&self.readers)
            .await?;
        Ok(known.is_some())
    }

    /// Records the bytes that an earlier release wrote, for the owner of the row they belong to. A record that exists
    /// already stays.
    pub(crate) async fn record_untracked(
        &self,
        id: &str,
        kind: FileKind,
        bytes: u64,
    ) -> Result<(), sqlx::Error> {
        sqlx::query(
            "insert into files (id, kind, owner, bytes) \
             select $1, $2, owner, $3 from (select owner from assets where id = $1 \
             union all select owner from uploads where id = $1) limit 1 on conflict do nothing",
        )
        .bind(id)
        .bind(kind.as_str())
        .bind(i64::try_from(bytes).unwrap_or(i64::MAX))
        .execute(&self.writer)
        .await?;
        Ok(())
    }
}

/// Records the bytes of `id` and [`FileKind`], charged to `owner`.
pub(crate) async fn record_bytes(
    write: &mut Write,
    (id, kind): (&str, FileKind),
    owner: &str,
    bytes: u64,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into files (id, kind, owner, bytes) values ($1, $2, $3, $4) \
         on conflict (id, kind) do update set owner = excluded.owner, bytes = excluded.bytes",
    )
    .bind(id)
    .bind(kind.as_str())
    .bind(owner)
    .bind(i64::try_from(bytes).unwrap_or(i64::MAX))
    .execute(&mut **write)
    .await?;
    Ok(())
}

/// Returns the bytes charged to `owner`, without the original of the upload `without`.
pub(crate) async fn charged_bytes(write: &mut Write, owner: &str, without: &str) -> Result<u64, sqlx::Error> {
    let bytes: i64 = sqlx::query_scalar(
        "select coalesce(sum(bytes), 0) from files where owner = $1 and not (id = $2 and kind = 'original')",
    )
    .bind(owner)
    .bind(without)
    .fetch_one(&mut **write)
    .await?;
    Ok(u64::try_from(bytes).unwrap_or_default())
}

/// Charges an asset and its original to another owner, after a change of `meta`.
pub(crate) async fn change_owner(
    write: &mut Write,
    asset_id: &str,
    upload_id: &str,
    owner: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query("update files set owner = $3 where id in ($1, $2)")
        .bind(asset_id)
        .bind(upload_id)
        .bind(owner)
        .execute(&mut **write)
        .await?;
    Ok(())
}
