//! Statements of an erasure.

use sqlx::{AssertSqlSafe, SqliteConnection, SqlitePool};

use crate::store::rows::PurgedVideo;
use crate::store::statements::twins::CLEARED_EVENT;

pub(super) async fn clear_events(
    connection: &mut SqliteConnection,
    video: &PurgedVideo,
) -> Result<(), sqlx::Error> {
    let attached = format!("update webhook_events set {CLEARED_EVENT} where video_id = $1");
    sqlx::query(AssertSqlSafe(attached))
        .bind(video.id)
        .execute(&mut *connection)
        .await?;
    // Why this expression: it is the one of the index `webhook_events_unattached`.
    let named = format!(
        "update webhook_events set {CLEARED_EVENT} where video_id is null \
         and coalesce(video_ref, asset_id, upload_id) in ($1, $2, $3)"
    );
    sqlx::query(AssertSqlSafe(named))
        .bind(video.reference())
        .bind(&video.asset_id)
        .bind(&video.upload_id)
        .execute(connection)
        .await
        .map(drop)
}

/// Rewrites the file and empties its log of writes. Returns false where a reader holds the log.
// Why a rewrite: a page keeps the bytes of removed rows until others take their place, and `secure_delete` does not
// reach those that were left when a page was put in order, nor what was removed before it was set.
pub(super) async fn rewrite_file(pool: &SqlitePool) -> Result<bool, sqlx::Error> {
    sqlx::query("vacuum").execute(pool).await?;
    let (busy, _, _): (i64, i64, i64) = sqlx::query_as("pragma wal_checkpoint(truncate)")
        .fetch_one(pool)
        .await?;
    Ok(busy == 0)
}
