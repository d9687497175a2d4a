//! Images that cannot be made, remembered for a while.

use chrono::{DateTime, Utc};

use super::database::{Store, micros};

/// Names remembered for one asset. Above it the ones that end first are dropped.
const MAX_REMEMBERED: i64 = 4096;

impl Store {
    /// Returns true when one of the names is remembered at `now`: the image itself or its part of the video.
    pub(crate) async fn is_unmakeable(
        &self,
        asset_id: &str,
        names: [&str; 2],
        now: DateTime<Utc>,
    ) -> Result<bool, sqlx::Error> {
        let found: Option<i64> = sqlx::query_scalar(
            "select 1 from no_images where asset_id = $1 and name in ($2, $3) and until_us > $4 limit 1",
        )
        .bind(asset_id)
        .bind(names[0])
        .bind(names[1])
        .bind(micros(now))
        .fetch_optional(&self.readers)
        .await?;
        Ok(found.is_some())
    }

    /// Remembers a name until the given time, at most [`MAX_REMEMBERED`] for an asset; nothing for a deleted asset.
    pub(crate) async fn remember_unmakeable(
        &self,
        asset_id: &str,
        name: &str,
        until: DateTime<Utc>,
    ) -> Result<(), sqlx::Error> {
        let mut write = self.begin_write().await?;
        sqlx::query(
            "insert into no_images (asset_id, name, until_us) select id, $2, $3 from assets where id = $1 \
             on conflict (asset_id, name) do update set until_us = excluded.until_us",
        )
        .bind(asset_id)
        .bind(name)
        .bind(micros(until))
        .execute(&mut *write)
        .await?;
        sqlx::query(
            // Why limit -1: SQLite has no offset without a limit, and -1 means none.
            "delete from no_images where asset_id = $1 and name in (select name from no_images where asset_id = $1 \
             order by until_us desc limit -1 offset $2)",
        )
        .bind(asset_id)
        .bind(MAX_REMEMBERED)
        .execute(&mut *write)
        .await?;
        write.commit().await
    }
}
