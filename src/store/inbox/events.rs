//! Events that the inbox has: listed, released, given up, replayed.

use chrono::{DateTime, Utc};
use sqlx::QueryBuilder;
use uuid::Uuid;

use crate::domain::{EventState, InboxEvent};
use crate::store::database::on_pool;
use crate::store::error::StoreError;
use crate::store::event_keys::push_maps;
use crate::store::handle::Store;
use crate::store::rows::{EventTable, Table};

/// The events that a list shows.
#[derive(Clone, Debug, Default)]
pub struct EventFilter {
    /// Only events in this state.
    pub state: Option<EventState>,
    /// Only events of this video.
    pub video_id: Option<Uuid>,
    /// Only events older than this one: the last one of the page before.
    pub before: Option<Uuid>,
    /// The greatest number of events.
    pub limit: i64,
}

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

    /// Returns one page of the inbox, newest first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn list_events(&self, filter: &EventFilter) -> Result<Vec<InboxEvent>, StoreError> {
        Ok(on_pool!(&self.readers, |pool| {
            let mut query = QueryBuilder::new("select ");
            query
                .push(EventTable::NAMES)
                .push(" from webhook_events where true");
            if let Some(state) = filter.state {
                query.push(" and state = '").push(state.as_str()).push("'");
                if state != EventState::Applied {
                    // The index of the others has none of these.
                    query.push(" and state <> 'applied'");
                }
            }
            if let Some(video_id) = filter.video_id {
                query.push(" and video_id = ").push_bind(video_id);
            }
            if let Some(before) = filter.before {
                query.push(" and id < ").push_bind(before);
            }
            query.push(" order by id desc limit ").push_bind(filter.limit);
            query.build_query_as().fetch_all(pool).await
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
                 and videos.id = webhook_events.video_ref) \
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
            query.push(" and videos.id = webhook_events.video_ref)");
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
