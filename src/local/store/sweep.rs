//! Rows that time ends, and the trash: ids whose files are to be removed.

use chrono::{DateTime, Utc};

use super::database::{Store, Write, micros};

/// Puts the files of an upload or asset into the trash.
pub(crate) async fn add_to_trash(write: &mut Write, id: &str) -> Result<(), sqlx::Error> {
    sqlx::query("insert into trash (id) values ($1) on conflict do nothing")
        .bind(id)
        .execute(&mut **write)
        .await?;
    Ok(())
}

impl Store {
    /// Ends the waiting [`Upload`](super::Upload)s that have expired. Returns their number.
    pub(crate) async fn expire_uploads(&self, now: DateTime<Utc>) -> Result<usize, sqlx::Error> {
        // Why a read first: reads run beside each other, and most of the time there is nothing to write.
        let late: Option<i64> =
            sqlx::query_scalar("select 1 from uploads where status = 'waiting' and expires_us <= $1 limit 1")
                .bind(micros(now))
                .fetch_optional(&self.readers)
                .await?;
        if late.is_none() {
            return Ok(0);
        }
        let mut write = self.begin_write().await?;
        let expired: Vec<String> = sqlx::query_scalar(
            "update uploads set status = 'timed_out' where status = 'waiting' and expires_us <= $1 returning id",
        )
        .bind(micros(now))
        .fetch_all(&mut *write)
        .await?;
        for id in &expired {
            add_to_trash(&mut write, id).await?;
        }
        write.commit().await?;
        Ok(expired.len())
    }

    /// Lists the test assets that are older than a day. Mux deletes them after a day too.
    pub(crate) async fn stale_test_assets(&self, now: DateTime<Utc>) -> Result<Vec<String>, sqlx::Error> {
        sqlx::query_scalar("select id from assets where test = 1 and created_us < $1")
            .bind(micros(now - chrono::Duration::hours(24)))
            .fetch_all(&self.readers)
            .await
    }

    /// Returns true when an upload or asset needs the files of `id`.
    pub(crate) async fn has_owner(&self, id: &str) -> Result<bool, sqlx::Error> {
        let owner: Option<i64> = sqlx::query_scalar(
            "select 1 from assets where id = $1 or upload_id = $1 \
             union all select 1 from uploads where id = $1 and status = 'waiting' limit 1",
        )
        .bind(id)
        .fetch_optional(&self.readers)
        .await?;
        Ok(owner.is_some())
    }

    /// Puts the files of `id` into the trash, by [`add_to_trash`] in a transaction of its own.
    pub(crate) async fn trash_files(&self, id: &str) -> Result<(), sqlx::Error> {
        let mut write = self.begin_write().await?;
        add_to_trash(&mut write, id).await?;
        write.commit().await
    }

    /// Lists the ids in the trash; [`Folders::remove_files`](crate::local::folders::Folders::remove_files) removes
    /// their files.
    pub(crate) async fn list_trash(&self) -> Result<Vec<String>, sqlx::Error> {
        sqlx::query_scalar("select id from trash")
            .fetch_all(&self.readers)
            .await
    }

    /// Removes `id` from the trash and its bytes from the owner's account, once its files are gone.
    pub(crate) async fn forget_files(&self, id: &str) -> Result<(), sqlx::Error> {
        let mut write = self.begin_write().await?;
        for statement in [
            "delete from trash where id = $1",
            "delete from files where id = $1",
        ] {
            sqlx::query(statement).bind(id).execute(&mut *write).await?;
        }
        write.commit().await
    }

    /// Deletes every upload, asset and webhook, and puts all their files into the trash.
    pub(crate) async fn remove_everything(&self) -> Result<(), sqlx::Error> {
        let mut write = self.begin_write().await?;
        for statement in [
            "insert or ignore into trash (id) \
             select id from uploads union select id from assets union select id from files",
            // Why in this order: assets name their upload. What hangs on an asset or event goes with it.
            "delete from assets",
            "delete from uploads",
            "delete from outbox",
        ] {
            sqlx::query(statement).execute(&mut *write).await?;
        }
        write.commit().await
    }

    /// Puts the originals of errored assets into the trash once their time has come.
    pub(crate) async fn discard_originals(&self, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
        // Why a read first: as in [`Store::expire_uploads`].
        let due: Option<i64> = sqlx::query_scalar("select 1 from assets where discard_us <= $1 limit 1")
            .bind(micros(now))
            .fetch_optional(&self.readers)
            .await?;
        if due.is_none() {
            return Ok(());
        }
        let mut write = self.begin_write().await?;
        let uploads: Vec<String> = sqlx::query_scalar(
            "update assets set discard_us = null where discard_us <= $1 returning upload_id",
        )
        .bind(micros(now))
        .fetch_all(&mut *write)
        .await?;
        for id in &uploads {
            add_to_trash(&mut write, id).await?;
        }
        write.commit().await
    }

    /// Sets the time at which the original of an errored asset goes, where an earlier release has set none.
    pub(crate) async fn schedule_discard(
        &self,
        upload_id: &str,
        discard: DateTime<Utc>,
    ) -> Result<(), sqlx::Error> {
        sqlx::query(
            "update assets set discard_us = $2 where upload_id = $1 and status = 'errored' and discard_us is null",
        )
        .bind(upload_id)
        .bind(micros(discard))
        .execute(&self.writer)
        .await?;
        Ok(())
    }
}
