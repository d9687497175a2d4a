//! Statements of an erasure.

use sqlx::{AssertSqlSafe, PgExecutor};

use crate::store::rows::PurgedVideo;
use crate::store::statements::twins::CLEARED_EVENT;

pub(super) async fn clear_events(
    executor: impl PgExecutor<'_>,
    video: &PurgedVideo,
) -> Result<(), sqlx::Error> {
    // Why this expression: it is the one of the index `webhook_events_unattached`.
    let statement = format!(
        "with attached as (update webhook_events set {CLEARED_EVENT} where video_id = $1) \
         update webhook_events set {CLEARED_EVENT} where video_id is null \
         and coalesce(video_ref::text, asset_id, upload_id) in ($2, $3, $4)"
    );
    sqlx::query(AssertSqlSafe(statement))
        .bind(video.id)
        .bind(video.reference().to_string())
        .bind(&video.asset_id)
        .bind(&video.upload_id)
        .execute(executor)
        .await
        .map(drop)
}
