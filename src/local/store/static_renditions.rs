//! Static renditions: files that are made beside the stream.

use sqlx::sqlite::SqliteRow;

use super::database::{Store, Write};
use crate::sql::row_by_name;

/// The columns of [`StaticRendition`].
macro_rules! columns {
    () => {
        "id, resolution, name, passthrough, status, width, height, bitrate, filesize"
    };
}

/// One row of `static_renditions`: a file made beside the stream.
#[derive(Clone, Debug)]
pub(crate) struct StaticRendition {
    pub(crate) id: String,
    pub(crate) resolution: String,
    pub(crate) name: String,
    pub(crate) passthrough: Option<String>,
    /// `preparing`, `ready`, `skipped` or `errored`.
    pub(crate) status: String,
    pub(crate) width: Option<i64>,
    pub(crate) height: Option<i64>,
    /// Bits per second.
    pub(crate) bitrate: Option<i64>,
    /// Bytes.
    pub(crate) filesize: Option<i64>,
}

row_by_name! {
    StaticRendition from SqliteRow;
    { id, resolution, name, passthrough, status, width, height, bitrate, filesize }
}

/// The measures of a finished static rendition.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct StaticMeasures {
    pub(crate) width: i64,
    pub(crate) height: i64,
    /// Bits per second.
    pub(crate) bitrate: i64,
    /// Bytes.
    pub(crate) filesize: i64,
}

impl Store {
    /// Lists the [`StaticRendition`]s of an asset, oldest first.
    pub(crate) async fn list_static_renditions(&self, id: &str) -> Result<Vec<StaticRendition>, sqlx::Error> {
        sqlx::query_as(concat!(
            "select ",
            columns!(),
            " from static_renditions where asset_id = $1 order by rowid"
        ))
        .bind(id)
        .fetch_all(&self.readers)
        .await
    }
}

/// Inserts a static rendition, `preparing`. `values` are resolution, file name and passthrough.
pub(crate) async fn insert_static_rendition(
    write: &mut Write,
    id: &str,
    asset_id: &str,
    values: (&str, &str, Option<&str>),
) -> Result<(), sqlx::Error> {
    let (resolution, name, passthrough) = values;
    sqlx::query(
        "insert into static_renditions (id, asset_id, resolution, name, passthrough, status) \
         values ($1, $2, $3, $4, $5, 'preparing')",
    )
    .bind(id)
    .bind(asset_id)
    .bind(resolution)
    .bind(name)
    .bind(passthrough)
    .execute(&mut **write)
    .await?;
    Ok(())
}

/// Records the bytes of an asset's static renditions, charged to its owner.
pub(crate) async fn record_static_bytes(
    write: &mut Write,
    asset_id: &str,
    bytes: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into files (id, kind, owner, bytes) select id, 'static', owner, $2 from assets where id = $1 \
         on conflict (id, kind) do update set bytes = excluded.bytes",
    )
    .bind(asset_id)
    .bind(bytes)
    .execute(&mut **write)
    .await?;
    Ok(())
}

/// Lists the [`StaticRendition`]s of an asset as the transaction sees them.
pub(crate) async fn static_renditions_in(
    write: &mut Write,
    asset_id: &str,
) -> Result<Vec<StaticRendition>, sqlx::Error> {
    sqlx::query_as(concat!(
        "select ",
        columns!(),
        " from static_renditions where asset_id = $1 order by rowid"
    ))
    .bind(asset_id)
    .fetch_all(&mut **write)
    .await
}

/// Ends the static renditions that are `preparing`: `ready` with [`StaticMeasures`], `skipped` or `errored`.
pub(crate) async fn end_static_rendition(
    write: &mut Write,
    asset_id: &str,
    status: &str,
    made: Option<StaticMeasures>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update static_renditions set status = $2, width = $3, height = $4, bitrate = $5, filesize = $6 \
         where asset_id = $1 and status = 'preparing'",
    )
    .bind(asset_id)
    .bind(status)
    .bind(made.map(|made| made.width))
    .bind(made.map(|made| made.height))
    .bind(made.map(|made| made.bitrate))
    .bind(made.map(|made| made.filesize))
    .execute(&mut **write)
    .await?;
    Ok(())
}

/// Makes a static rendition that `errored` or was `skipped` `preparing` again. Returns false where it is neither.
pub(crate) async fn restart_static_rendition(write: &mut Write, id: &str) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "update static_renditions set status = 'preparing' where id = $1 and status in ('errored', 'skipped')",
    )
    .bind(id)
    .execute(&mut **write)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Deletes a static rendition of an asset, the job that would make it, and its bytes from the owner's account. Returns
/// `None` where the asset has none of that id.
pub(crate) async fn delete_static_rendition(
    write: &mut Write,
    asset_id: &str,
    id: &str,
) -> Result<Option<StaticRendition>, sqlx::Error> {
    let gone: Option<StaticRendition> = sqlx::query_as(concat!(
        "delete from static_renditions where id = $1 and asset_id = $2 returning ",
        columns!()
    ))
    .bind(id)
    .bind(asset_id)
    .fetch_optional(&mut **write)
    .await?;
    if gone.is_some() {
        for statement in [
            "delete from jobs where asset_id = $1 and kind = 'static'",
            "delete from files where id = $1 and kind = 'static'",
        ] {
            sqlx::query(statement)
                .bind(asset_id)
                .execute(&mut **write)
                .await?;
        }
    }
    Ok(gone)
}
