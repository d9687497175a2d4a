//! Events that the inbox has: found, released, given up, replayed one by one. [`queues`](crate::store::queues) lists them.

use chrono::{DateTime, Utc};
use sqlx::QueryBuilder;
use uuid::Uuid;

use crate::domain::InboxEvent;
use crate::store::database::on_pool;
use crate::store::error::StoreError;
use crate::store::event_keys::push_maps;
use crate::store::handle::Store;
use crate::store::rows::{EventTable, Table};

impl Store {
    /// Returns the event with this id of ours.
    ///
    /// # Errors
    /// The database fails.
    pub async fn find_event(&self, id: Uuid) -> Result<Option<InboxEvent>, StoreError> {
        Ok(on_pool!(&self.readers, |pool| {
            let mut query = QueryBuilder::new("select ");
            query
                .push(EventTable::NAMES)
                .push(" from webhook_events where id = ")
                .push_bind(id);
            query.build_query_as().fetch_optional(pool).await
        })?)
    }

    /// Makes parked events due whose video is known by now. Returns how many.
    ///
    /// # Errors
    /// The database fails.
    pub async fn release_parked(&self, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let mut released = on_pool!(&self.writer, |pool| {
            sqlx::query(
                "update webhook_events set state = 'pending', next_attempt_at = $1 where state = 'parked' and ( \
                 exists (select 1 from videos where videos.provider = webhook_events.provider \
                 and videos.id = webhook_events.video_ref and videos.reference is null) \
                 or exists (select 1 from videos where videos.provider = webhook_events.provider \
                 and videos.reference = webhook_events.video_ref) \
                 or exists (select 1 from provider_ids as known where known.provider = webhook_events.provider \
                 and known.kind = 'upload' and known.id = webhook_events.upload_id) \
                 or exists (select 1 from provider_ids as known where known.provider = webhook_events.provider \
                 and known.kind = 'asset' and known.id = webhook_events.asset_id))",
            )
            .bind(now)
            .execute(pool)
            .await
            .map(|result| result.rows_affected())
        })?;
        for maps in self.observer.accounts().shared() {
            released += self.release_parked_of(maps, now).await?;
        }
        Ok(released)
    }

    /// Makes parked events of one account due whose video is of any map that shares it.
    async fn release_parked_of(&self, maps: &[String], now: DateTime<Utc>) -> Result<u64, StoreError> {
        let maps: Vec<&str> = maps.iter().map(String::as_str).collect();
        Ok(on_pool!(&self.writer, |pool| {
            let mut query =
                QueryBuilder::new("update webhook_events set state = 'pending', next_attempt_at = ");
            query.push_bind(now).push(" where state = 'parked' and provider");
            push_maps(&mut query, &maps);
            query.push(" and (exists (select 1 from videos where videos.provider");
            push_maps(&mut query, &maps);
            query.push(
                " and videos.id = webhook_events.video_ref and videos.reference is null) \
                 or exists (select 1 from videos where videos.provider",
            );
            push_maps(&mut query, &maps);
            query.push(" and videos.reference = webhook_events.video_ref)");
            for (kind, column) in [("upload", "upload_id"), ("asset", "asset_id")] {
                query.push(" or exists (select 1 from provider_ids as known where known.provider");
                push_maps(&mut query, &maps);
                query
                    .push(" and known.kind = '")
                    .push(kind)
                    .push("' and known.id = webhook_events.")
                    .push(column)
                    .push(")");
            }
            query.push(")");
            query
                .build()
                .execute(pool)
                .await
                .map(|result| result.rows_affected())
        })?)
    }

    /// Gives up events that have been parked since before `since`. Returns how many.
    ///
    /// # Errors
    /// The database fails.
    pub async fn give_up_parked(&self, since: DateTime<Utc>) -> Result<u64, StoreError> {
        Ok(on_pool!(&self.writer, |pool| {
            sqlx::query(
                "update webhook_events set state = 'given_up', error = 'no video appeared for it in time' \
                 where state = 'parked' and received_at < $1",
            )
            .bind(since)
            .execute(pool)
            .await
        }
        .map(|result| result.rows_affected()))?)
    }

    /// Returns the time at which the next pending event is due.
    ///
    /// # Errors
    /// The database fails.
    pub async fn next_due(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        Ok(on_pool!(&self.readers, |pool| {
            sqlx::query_scalar("select min(next_attempt_at) from webhook_events where state = 'pending'")
                .fetch_one(pool)
                .await
        })?)
    }
}

impl Store {
    /// Makes an event due again, whatever its state. Returns false where there is none, or its body is gone.
    ///
    /// # Errors
    /// The database fails.
    pub async fn replay_event(&self, id: Uuid, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let done = on_pool!(&self.writer, |pool| {
            sqlx::query(
                "update webhook_events set state = 'pending', next_attempt_at = $2, attempts = 0, error = null \
                 where id = $1 and body is not null",
            )
            .bind(id)
            .bind(now)
            .execute(pool)
            .await
            .map(|result| result.rows_affected())
        })?;
        Ok(done == 1)
    }
}
