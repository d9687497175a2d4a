//! Videos that are due for a look at their provider, each for one replica at a time; and rows whose time is over.

use chrono::{DateTime, Utc};
use sqlx::QueryBuilder;
use uuid::Uuid;

use crate::domain::{Video, first_id_at};
use crate::store::database::{Tx, on_pool, on_tx};
use crate::store::error::StoreError;
use crate::store::event_keys::push_maps;
use crate::store::handle::Store;
use crate::store::rows::{PurgedVideo, Table, VideoRow, VideoTable, to_videos};
use crate::store::statements::WriteTx;

impl Store {
    /// Takes up to `limit` videos that are due (or `only` that one, due or not) under a lease of `lease_s` seconds.
    // Why by the database's clock: the replicas' own clocks may differ.
    ///
    /// # Errors
    /// The database fails.
    pub async fn lease_due_videos(
        &self,
        now: DateTime<Utc>,
        limit: i64,
        lease_s: i64,
        only: Option<Uuid>,
    ) -> Result<Vec<Video>, StoreError> {
        let clock = self.dialect().clock_s;
        let mut tx = self.begin().await?;
        let lock = self.dialect().skip_locked;
        let rows = on_tx!(&mut tx, |tx| {
            let mut query = QueryBuilder::new("update videos set lease_until_s = ");
            query.push(clock).push(" + ").push_bind(lease_s);
            query
                .push(" where id in (select id from videos where lease_until_s <= ")
                .push(clock);
            if let Some(id) = only {
                query.push(" and id = ").push_bind(id);
            } else {
                query.push(" and check_at <= ").push_bind(now);
            }
            query
                .push(" order by check_at limit ")
                .push_bind(limit)
                .push(lock)
                .push(") returning ");
            query.push(VideoTable::COLUMNS);
            query.build_query_as::<VideoRow>().fetch_all(tx.executor()).await
        })?;
        tx.commit().await?;
        to_videos(rows)
    }

    /// Returns up to `limit` videos whose [`Video::delete_at`] has come and whose deletion was not requested: the time and
    /// the id, in this order, behind `after`.
    ///
    /// # Errors
    /// The database fails.
    pub async fn find_expired_videos(
        &self,
        now: DateTime<Utc>,
        after: Option<(DateTime<Utc>, Uuid)>,
        limit: u16,
    ) -> Result<Vec<(DateTime<Utc>, Uuid)>, StoreError> {
        Ok(on_pool!(&self.readers, |pool| {
            // The condition is that of the index `videos_delete_at`.
            let mut query = QueryBuilder::new(
                "select delete_at, id from videos where delete_at is not null \
                 and status not in ('deleting', 'deleted') and delete_at <= ",
            );
            query.push_bind(now);
            if let Some((at, id)) = after {
                query.push(" and (delete_at, id) > (").push_bind(at);
                query.push(", ").push_bind(id).push(")");
            }
            query.push(format_args!(" order by delete_at, id limit {limit}"));
            query.build_query_as().fetch_all(pool).await
        })?)
    }

    /// Ends a lease early.
    ///
    /// # Errors
    /// The database fails.
    pub async fn end_lease(&self, id: Uuid) -> Result<(), StoreError> {
        on_pool!(&self.writer, |pool| {
            sqlx::query("update videos set lease_until_s = 0 where id = $1")
                .bind(id)
                .execute(pool)
                .await
                .map(drop)
        })?;
        Ok(())
    }

    /// Returns a ready video that was not reported missing, other than `but`, among those of all maps that share the account
    /// of the map `provider`: one that is known to exist.
    ///
    /// # Errors
    /// The database fails.
    pub async fn find_ready_video(&self, provider: &str, but: Uuid) -> Result<Option<Video>, StoreError> {
        let accounts = self.observer.accounts();
        let rows = on_pool!(&self.readers, |pool| {
            let mut query = QueryBuilder::new("select ");
            query
                .push(VideoTable::COLUMNS)
                .push(" from videos where provider");
            push_maps(&mut query, &accounts.maps_beside(provider));
            query.push(" and id <> ").push_bind(but);
            query.push(" and status = 'ready' and asset_id is not null and missing_since is null");
            query.push(" order by id desc limit 1");
            query.build_query_as::<VideoRow>().fetch_all(pool).await
        })?;
        Ok(to_videos(rows)?.pop())
    }

    /// Removes rows of videos that are gone since before `until`, with the raw bodies and the errors of their events. Returns how
    /// many.
    ///
    /// # Errors
    /// The database fails.
    pub async fn purge_deleted(&self, until: DateTime<Utc>, limit: i64) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        let purged = tx.purge_videos(until, limit).await?;
        tx.delete_ids(&purged).await?;
        for row in &purged {
            on_tx!(&mut tx, |tx| tx.clear_events(row).await)?;
        }
        tx.commit().await?;
        Ok(purged.len() as u64)
    }

    /// Removes finished events received before `until`, at most `limit`. Returns how many.
    ///
    /// # Errors
    /// The database fails.
    pub async fn prune_events(&self, until: DateTime<Utc>, limit: i64) -> Result<u64, StoreError> {
        Ok(on_pool!(&self.writer, |pool| {
            sqlx::query(
                "delete from webhook_events where id in ( \
                 select id from webhook_events where state in ('applied', 'ignored', 'given_up') \
                 and id < $1 limit $2)",
            )
            .bind(first_id_at(until))
            .bind(limit)
            .execute(pool)
            .await
            .map(|result| result.rows_affected())
        })?)
    }
}

impl Tx {
    async fn purge_videos(
        &mut self,
        until: DateTime<Utc>,
        limit: i64,
    ) -> Result<Vec<PurgedVideo>, StoreError> {
        Ok(on_tx!(self, |tx| {
            sqlx::query_as(
                "delete from videos where id in ( \
                 select id from videos where status = 'deleted' and updated_at < $1 limit $2) \
                 returning id, reference, upload_id, asset_id",
            )
            .bind(until)
            .bind(limit)
            .fetch_all(tx.executor())
            .await
        })?)
    }

    pub(in crate::store) async fn delete_ids(&mut self, purged: &[PurgedVideo]) -> Result<(), StoreError> {
        for row in purged {
            for (kind, id) in [("upload", &row.upload_id), ("asset", &row.asset_id)] {
                on_tx!(&mut *self, |tx| {
                    // Why by the video: the id may stand there under the name of its map, and of an account.
                    sqlx::query("delete from provider_ids where kind = $1 and id = $2 and video_id = $3")
                        .bind(kind)
                        .bind(id)
                        .bind(row.id)
                        .execute(tx.executor())
                        .await
                        .map(drop)
                })?;
            }
        }
        Ok(())
    }
}
