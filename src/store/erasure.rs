//! Erasing an owner: what is left of it, and its removal in batches.
//!
//! [`jobs::erasure`](crate::jobs::erasure) has the steps. Each statement here may be repeated.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::QueryBuilder;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use super::change::{VideoChange, effective_changes};
use super::database::{Tx, on_pool, on_tx};
use super::error::StoreError;
use super::handle::Store;
use super::rows::{Columns, PurgedVideo, Table, VideoRow, VideoTable, to_videos};
use super::statements::{Backend, WriteTx};
use crate::domain::Video;
use crate::sql::row_by_name;

/// Every video of the owner `$1`, by two indexes: a condition for a `where`.
const IDS_OF_OWNER: &str = "(select id from videos where owner = $1 and status <> 'deleted' \
     union all select id from videos where owner = $1 and status = 'deleted')";

/// The order to erase an owner.
#[derive(Clone, Debug)]
pub struct Erasure {
    /// The keyed hash of the owner's name.
    pub owner_hash: Vec<u8>,
    /// The name; `None` once no row but this one had it.
    pub owner: Option<String>,
    /// Outgoing events up to this one were searched for the name.
    pub outgoing_seen: Option<Uuid>,
}

row_by_name! { Erasure from PgRow, SqliteRow; { owner_hash, owner, outgoing_seen } }

/// What is left of an owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErasureProgress {
    /// Rows that name the owner: videos, stored answers, counted uploads, outgoing events, and the order to erase it.
    pub remaining: i64,
    /// Those of the outgoing events that no endpoint has taken yet.
    pub undelivered: i64,
    /// Providers that have not confirmed every deletion.
    pub waiting_for: Vec<String>,
}

/// The result of [`Store::search_outgoing`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutgoingSearch {
    /// There was no further event.
    Over,
    /// A page was searched, and what named the owner is removed.
    Searched,
    /// An event names the owner and is still to be sent.
    Undelivered,
}

impl Store {
    /// Writes the order to erase an owner. One that is there already stays, has the owner's name again, and searches the
    /// outgoing events from their beginning. Returns the number of the owner's videos that are not deleted.
    ///
    /// # Errors
    /// The database fails.
    pub async fn begin_erasure(
        &self,
        owner_hash: &[u8],
        owner: &str,
        now: DateTime<Utc>,
    ) -> Result<i64, StoreError> {
        on_pool!(&self.writer, |pool| {
            sqlx::query(
                "insert into erasures (owner_hash, owner, requested_at) values ($1, $2, $3) \
                 on conflict (owner_hash) do update set owner = excluded.owner, outgoing_seen = null",
            )
            .bind(owner_hash)
            .bind(owner)
            .bind(now)
            .execute(pool)
            .await
        }
        .map(drop))?;
        Ok(on_pool!(&self.readers, |pool| {
            sqlx::query_scalar("select count(*) from videos where owner = $1 and status <> 'deleted'")
                .bind(owner)
                .fetch_one(pool)
                .await
        })?)
    }

    /// Returns whether there is an order to erase the owner with this hash.
    ///
    /// # Errors
    /// The database fails.
    pub async fn has_erasure(&self, owner_hash: &[u8]) -> Result<bool, StoreError> {
        let found: Option<i32> = on_pool!(&self.readers, |pool| {
            sqlx::query_scalar("select 1 from erasures where owner_hash = $1")
                .bind(owner_hash)
                .fetch_optional(pool)
                .await
        })?;
        Ok(found.is_some())
    }

    /// Returns the orders, oldest first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn list_erasures(&self) -> Result<Vec<Erasure>, StoreError> {
        Ok(on_pool!(&self.readers, |pool| {
            sqlx::query_as(
                "select owner_hash, owner, outgoing_seen from erasures order by requested_at, owner_hash",
            )
            .fetch_all(pool)
            .await
        })?)
    }

    /// Counts what is left of an owner.
    ///
    /// # Errors
    /// The database fails.
    pub async fn erasure_progress(
        &self,
        owner_hash: &[u8],
        owner: &str,
    ) -> Result<ErasureProgress, StoreError> {
        let counts = format!(
            "select (select count(*) from {IDS_OF_OWNER} ids) \
             + (select count(*) from idempotency_keys where owner = $1) \
             + (select count(*) from counted_uploads where owner = $1) \
             + (select count(*) from outgoing_events where video_id in {IDS_OF_OWNER}) \
             + (select count(*) from erasures where owner_hash = $2) as remaining, \
             (select count(*) from outgoing_events where video_id in {IDS_OF_OWNER} and state = 'pending') \
             as undelivered"
        );
        let (remaining, undelivered) = on_pool!(&self.readers, |pool| {
            sqlx::query_as(sqlx::AssertSqlSafe(counts))
                .bind(owner)
                .bind(owner_hash)
                .fetch_one(pool)
                .await
        })?;
        let waiting_for = on_pool!(&self.readers, |pool| {
            sqlx::query_scalar(
                "select distinct provider from videos where owner = $1 and status <> 'deleted' order by provider",
            )
            .bind(owner)
            .fetch_all(pool)
            .await
        })?;
        Ok(ErasureProgress {
            remaining,
            undelivered,
            waiting_for,
        })
    }

    /// Returns up to `limit` videos of an owner whose deletion nobody requested, behind `after` in the order of ids.
    ///
    /// # Errors
    /// The database fails.
    pub async fn find_undeleted_videos(
        &self,
        owner: &str,
        after: Uuid,
        limit: i64,
    ) -> Result<Vec<Video>, StoreError> {
        let rows = on_pool!(&self.readers, |pool| {
            let mut query = QueryBuilder::new("select ");
            query
                .push(VideoTable::COLUMNS)
                .push(" from videos where owner = ")
                .push_bind(owner)
                .push(" and status <> 'deleted' and not delete_requested and id > ")
                .push_bind(after)
                .push(" order by id limit ")
                .push_bind(limit);
            query.build_query_as::<VideoRow>().fetch_all(pool).await
        })?;
        to_videos(rows)
    }

    /// Changes several videos in one transaction, each as [`Store::edit_video`](Self::edit_video) changes one. A row
    /// that another writer changed meanwhile stays as it is. Returns how many were written.
    ///
    /// # Errors
    /// The database fails, or an id belongs to another video. Nothing was written then.
    pub async fn edit_videos(
        &self,
        videos: Vec<Video>,
        now: DateTime<Utc>,
        change: impl Fn(&mut Video),
    ) -> Result<usize, StoreError> {
        let changes = videos.into_iter().map(|before| {
            let mut after = before.clone();
            change(&mut after);
            VideoChange {
                before: Arc::new(before),
                after,
            }
        });
        let changes = effective_changes(changes.collect(), now);
        if changes.is_empty() {
            return Ok(0);
        }
        let mut tx = self.begin().await?;
        let all: Vec<&VideoChange> = changes.iter().collect();
        let written = on_tx!(&mut tx, |tx| {
            tx.update_videos(&*self.observer, &all, Columns::Changing, now)
                .await
        })?;
        tx.commit().await?;
        self.notify(changes.iter().filter(|change| written.contains(&change.after.id)));
        Ok(written.len())
    }

    /// Removes up to `limit` deleted videos of an owner of which nothing is still to be sent, with everything that
    /// belongs to them: their ids, their outgoing events, and the bodies and errors of their webhook events. Returns how
    /// many.
    ///
    /// # Errors
    /// The database fails.
    pub async fn erase_deleted_videos(&self, owner: &str, limit: i64) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        let erased = tx.remove_told_videos(owner, limit).await?;
        tx.delete_ids(&erased).await?;
        for video in &erased {
            tx.delete_told_events(video.id).await?;
            on_tx!(&mut tx, |tx| tx.clear_events(video).await)?;
        }
        tx.commit().await?;
        Ok(erased.len() as u64)
    }

    /// Removes up to `limit` stored answers, and as many counted uploads, of an owner. Returns how many.
    ///
    /// # Errors
    /// The database fails.
    pub async fn erase_answers(&self, owner: &str, limit: i64) -> Result<u64, StoreError> {
        let mut removed = 0;
        for statement in [
            "delete from idempotency_keys where (owner, key) in ( \
             select owner, key from idempotency_keys where owner = $1 limit $2)",
            "delete from counted_uploads where (owner, token_id, video_id) in ( \
             select owner, token_id, video_id from counted_uploads where owner = $1 limit $2)",
        ] {
            removed += on_pool!(&self.writer, |pool| {
                sqlx::query(statement)
                    .bind(owner)
                    .bind(limit)
                    .execute(pool)
                    .await
                    .map(|result| result.rows_affected())
            })?;
        }
        Ok(removed)
    }

    /// Returns whether there is a row of a video of the owner, deleted or not.
    ///
    /// # Errors
    /// The database fails.
    pub async fn has_videos_of(&self, owner: &str) -> Result<bool, StoreError> {
        let found: Option<Uuid> = on_pool!(&self.readers, |pool| {
            sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
                "select id from {IDS_OF_OWNER} ids limit 1"
            )))
            .bind(owner)
            .fetch_optional(pool)
            .await
        })?;
        Ok(found.is_some())
    }

    /// Removes the row of a video that its provider was never asked about, and what was counted of it.
    ///
    /// # Errors
    /// The database fails.
    pub async fn remove_unbegun_video(&self, id: Uuid) -> Result<(), StoreError> {
        for statement in [
            "delete from counted_uploads where video_id = $1",
            "delete from videos where id = $1 and steps = 0 and upload_id is null and asset_id is null",
        ] {
            on_pool!(&self.writer, |pool| {
                sqlx::query(statement).bind(id).execute(pool).await
            }
            .map(drop))?;
        }
        Ok(())
    }

    /// Searches the next `limit` outgoing events, in the order of ids, for the owner's name, and removes those that have
    /// it. Their videos may have no row any more: the deletion of a video keeps its events.
    ///
    /// # Errors
    /// The database fails.
    pub async fn search_outgoing(
        &self,
        erasure: &mut Erasure,
        owner: &str,
        limit: i64,
    ) -> Result<OutgoingSearch, StoreError> {
        let seen = erasure.outgoing_seen.unwrap_or_default();
        let page: Vec<Uuid> = on_pool!(&self.readers, |pool| {
            sqlx::query_scalar("select id from outgoing_events where id > $1 order by id limit $2")
                .bind(seen)
                .bind(limit)
                .fetch_all(pool)
                .await
        })?;
        let Some(last) = page.last().copied() else {
            return Ok(OutgoingSearch::Over);
        };
        let named = self.find_outgoing_naming(seen, last, owner).await?;
        if named.iter().any(|(_, state)| state == "pending") {
            return Ok(OutgoingSearch::Undelivered);
        }
        let mut tx = self.begin().await?;
        for (id, _) in named {
            if !tx.delete_finished_event(id).await? {
                return Ok(OutgoingSearch::Undelivered);
            }
        }
        tx.note_search(&erasure.owner_hash, last).await?;
        tx.commit().await?;
        erasure.outgoing_seen = Some(last);
        Ok(OutgoingSearch::Searched)
    }

    /// Returns id and state of the outgoing events behind `seen`, up to `last`, whose video has this owner.
    async fn find_outgoing_naming(
        &self,
        seen: Uuid,
        last: Uuid,
        owner: &str,
    ) -> Result<Vec<(Uuid, String)>, StoreError> {
        // Why `replace`: of what both databases have it is the one search that tells capitals apart.
        let found: Vec<(Uuid, String, String)> = on_pool!(&self.readers, |pool| {
            sqlx::query_as(
                "select id, state, payload from outgoing_events where id > $1 and id <= $2 \
                 and replace(payload, $3, '') <> payload",
            )
            .bind(seen)
            .bind(last)
            .bind(serde_json::Value::from(owner).to_string())
            .fetch_all(pool)
            .await
        })?;
        // Why read: the name may also stand in the title or in the metadata of another owner's video.
        let is_of_owner = |payload: &str| {
            serde_json::from_str::<serde_json::Value>(payload)
                .is_ok_and(|payload| payload["data"]["owner"] == owner)
        };
        let named = found.into_iter().filter(|(.., payload)| is_of_owner(payload));
        Ok(named.map(|(id, state, _)| (id, state)).collect())
    }

    /// Removes the owner's name from the order, where no other row has it. Returns whether it was removed.
    ///
    /// # Errors
    /// The database fails.
    pub async fn forget_owner(&self, owner_hash: &[u8], owner: &str) -> Result<bool, StoreError> {
        let rows = on_pool!(&self.writer, |pool| {
            sqlx::query(
                "update erasures set owner = null where owner_hash = $2 \
                 and not exists (select 1 from videos where owner = $1 and status <> 'deleted') \
                 and not exists (select 1 from videos where owner = $1 and status = 'deleted') \
                 and not exists (select 1 from idempotency_keys where owner = $1) \
                 and not exists (select 1 from counted_uploads where owner = $1)",
            )
            .bind(owner)
            .bind(owner_hash)
            .execute(pool)
            .await
            .map(|result| result.rows_affected())
        })?;
        Ok(rows == 1)
    }

    /// Makes the database's file hold nothing of removed rows, on SQLite. Returns false where it is to be tried again.
    ///
    /// # Errors
    /// The database fails.
    pub async fn scrub(&self) -> Result<bool, StoreError> {
        on_pool!(&self.writer, |pool| pool.scrub().await)
    }

    /// Removes an order whose owner's name is gone.
    ///
    /// # Errors
    /// The database fails.
    pub async fn finish_erasure(&self, owner_hash: &[u8]) -> Result<(), StoreError> {
        Ok(on_pool!(&self.writer, |pool| {
            sqlx::query("delete from erasures where owner_hash = $1 and owner is null")
                .bind(owner_hash)
                .execute(pool)
                .await
                .map(drop)
        })?)
    }
}

impl Tx {
    /// Removes deleted videos of which no event is still to be sent.
    async fn remove_told_videos(&mut self, owner: &str, limit: i64) -> Result<Vec<PurgedVideo>, StoreError> {
        Ok(on_tx!(self, |tx| {
            sqlx::query_as(
                "delete from videos where id in (select id from videos where owner = $1 and status = 'deleted' \
                 and not exists (select 1 from outgoing_events told where told.video_id = videos.id \
                 and told.state = 'pending') order by id limit $2) returning id, reference, upload_id, asset_id",
            )
            .bind(owner)
            .bind(limit)
            .fetch_all(tx.executor())
            .await
        })?)
    }

    async fn delete_told_events(&mut self, video: Uuid) -> Result<(), StoreError> {
        Ok(on_tx!(self, |tx| {
            // Why not pending ones: one may have been replayed just now. The search finds it when it is sent.
            sqlx::query("delete from outgoing_events where video_id = $1 and state <> 'pending'")
                .bind(video)
                .execute(tx.executor())
                .await
                .map(drop)
        })?)
    }

    /// Returns false where the event is pending: it was replayed just now.
    async fn delete_finished_event(&mut self, id: Uuid) -> Result<bool, StoreError> {
        let rows = on_tx!(self, |tx| {
            sqlx::query("delete from outgoing_events where id = $1 and state <> 'pending'")
                .bind(id)
                .execute(tx.executor())
                .await
                .map(|result| result.rows_affected())
        })?;
        Ok(rows == 1)
    }

    async fn note_search(&mut self, owner_hash: &[u8], seen: Uuid) -> Result<(), StoreError> {
        Ok(on_tx!(self, |tx| {
            sqlx::query("update erasures set outgoing_seen = $2 where owner_hash = $1")
                .bind(owner_hash)
                .bind(seen)
                .execute(tx.executor())
                .await
                .map(drop)
        })?)
    }
}
