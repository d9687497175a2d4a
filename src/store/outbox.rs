//! The outbox: events on their way to the application, leased by one sender at a time, finished, found, and replayed one
//! by one. [`queues`](super::queues) lists them.
//!
//! They are written with the change that they tell of, see [`statements`](super::statements).

use chrono::{DateTime, Utc};
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::database::{Tx, on_pool, on_tx};
use super::error::StoreError;
use super::handle::Store;
use crate::domain::{OutgoingEvent, OutgoingState};

/// Every column that an [`OutgoingEvent`] is read from.
const COLUMNS: &str = "id, event_id, endpoint, video_id, version, type, payload, state, attempts, next_attempt_at, \
     answer_status, error, created_at, since, finished_at";

/// The outcome of one attempt to deliver an event.
#[derive(Clone, Debug)]
pub struct OutgoingOutcome {
    /// The event's row.
    pub id: Uuid,
    /// The state of the event from now on.
    pub state: OutgoingState,
    /// The next attempt, of a pending event.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// The HTTP status of the endpoint's response, if there was one.
    pub answer_status: Option<i32>,
    /// The reason why the event is not delivered.
    pub error: Option<String>,
    /// The endpoint wants no more: nothing is sent there from now on.
    pub disable: bool,
}

impl Store {
    /// Takes up to `limit` due events of an endpoint under a lease of `lease_s` seconds. Of each video it takes the
    /// first event that is neither delivered nor given up, so that an endpoint hears of a video's changes in their
    /// order. It takes none where the endpoint is disabled.
    ///
    /// # Errors
    /// The database fails.
    pub async fn lease_outgoing(
        &self,
        endpoint: &str,
        now: DateTime<Utc>,
        limit: i64,
        lease_s: i64,
    ) -> Result<Vec<OutgoingEvent>, StoreError> {
        let clock = self.dialect().clock_s;
        let mut tx = self.begin().await?;
        let lock = self.dialect().skip_locked;
        let events = on_tx!(&mut tx, |tx| {
            let mut query = QueryBuilder::new("update outgoing_events set lease_until_s = ");
            query.push(clock).push(" + ").push_bind(lease_s);
            query
                .push(" where id in (select due.id from outgoing_events due where due.endpoint = ")
                .push_bind(endpoint)
                .push(" and due.state = 'pending' and due.next_attempt_at <= ")
                .push_bind(now)
                .push(" and due.lease_until_s <= ")
                .push(clock)
                .push(
                    " and not exists (select 1 from outgoing_events earlier where earlier.endpoint = due.endpoint \
                     and earlier.video_id = due.video_id and earlier.version < due.version \
                     and earlier.state = 'pending') \
                     and not exists (select 1 from disabled_endpoints where disabled_endpoints.endpoint = due.endpoint) \
                     order by due.next_attempt_at, due.id limit ",
                )
                .push_bind(limit)
                .push(lock)
                .push(") returning ")
                .push(COLUMNS);
            query.build_query_as().fetch_all(tx.executor()).await
        })?;
        tx.commit().await?;
        Ok(events)
    }

    /// Returns whether anything is due at the endpoint.
    // Why a read of its own: an idle sender never takes SQLite's write lock.
    ///
    /// # Errors
    /// The database fails.
    pub async fn has_due_outgoing(&self, endpoint: &str, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let found: Option<i32> = on_pool!(&self.readers, |pool| {
            sqlx::query_scalar(
                "select 1 from outgoing_events where endpoint = $1 and state = 'pending' and next_attempt_at <= $2 \
                 limit 1",
            )
            .bind(endpoint)
            .bind(now)
            .fetch_optional(pool)
            .await
        })?;
        Ok(found.is_some())
    }

    /// Writes the [`OutgoingOutcome`] of an attempt, and ends its lease. An event that was finished meanwhile stays as
    /// it is.
    ///
    /// # Errors
    /// The database fails.
    pub async fn finish_outgoing(
        &self,
        endpoint: &str,
        outcome: &OutgoingOutcome,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        if outcome.disable {
            tx.disable_endpoint(endpoint, now).await?;
        }
        tx.finish_outgoing(outcome, now).await?;
        tx.commit().await
    }

    /// Gives up pending events that no sender takes any more: those that have been tried since before `since`, of
    /// endpoints that are disabled or not among `endpoints`. Returns how many.
    ///
    /// # Errors
    /// The database fails.
    pub async fn give_up_unsent(
        &self,
        endpoints: &[String],
        since: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        Ok(on_pool!(&self.writer, |pool| {
            let mut query = QueryBuilder::new(
                "update outgoing_events set state = 'given_up', next_attempt_at = null, \
                 error = 'its endpoint is disabled, or not in the settings any more', finished_at = ",
            );
            query
                .push_bind(now)
                .push(" where state = 'pending' and since < ")
                .push_bind(since);
            query.push(" and (exists (select 1 from disabled_endpoints where disabled_endpoints.endpoint = outgoing_events.endpoint)");
            // Why an empty text first: SQL allows no empty list.
            query.push(" or endpoint not in ('' ");
            for endpoint in endpoints {
                query.push(", ").push_bind(endpoint);
            }
            query.push("))");
            query
                .build()
                .execute(pool)
                .await
                .map(|result| result.rows_affected())
        })?)
    }

    /// Removes delivered and given-up events that ended before `until`, at most `limit`. Returns how many.
    ///
    /// # Errors
    /// The database fails.
    pub async fn prune_outgoing(&self, until: DateTime<Utc>, limit: i64) -> Result<u64, StoreError> {
        Ok(on_pool!(&self.writer, |pool| {
            sqlx::query(
                "delete from outgoing_events where id in (select id from outgoing_events \
                 where finished_at < $1 order by finished_at limit $2)",
            )
            .bind(until)
            .bind(limit)
            .execute(pool)
            .await
            .map(|result| result.rows_affected())
        })?)
    }

    /// Returns the [`OutgoingEvent`] with this id of ours.
    ///
    /// # Errors
    /// The database fails.
    pub async fn find_outgoing(&self, id: Uuid) -> Result<Option<OutgoingEvent>, StoreError> {
        Ok(on_pool!(&self.readers, |pool| {
            let mut query = QueryBuilder::new("select ");
            query
                .push(COLUMNS)
                .push(" from outgoing_events where id = ")
                .push_bind(id);
            query.build_query_as().fetch_optional(pool).await
        })?)
    }

    /// Returns the endpoints that answered 410, each with the time of it.
    ///
    /// # Errors
    /// The database fails.
    pub async fn disabled_endpoints(&self) -> Result<Vec<(String, DateTime<Utc>)>, StoreError> {
        Ok(on_pool!(&self.readers, |pool| {
            sqlx::query_as("select endpoint, disabled_at from disabled_endpoints order by endpoint")
                .fetch_all(pool)
                .await
        })?)
    }

    /// Makes an event due again, whatever its state, and enables its endpoint. Returns false where there is no such
    /// event, or its content is gone.
    ///
    /// # Errors
    /// The database fails.
    pub async fn replay_outgoing(&self, id: Uuid, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let found = tx.replay_outgoing(id, now).await?;
        tx.commit().await?;
        Ok(found)
    }
}

impl Tx {
    async fn disable_endpoint(&mut self, endpoint: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        Ok(on_tx!(self, |tx| {
            sqlx::query(
                "insert into disabled_endpoints (endpoint, disabled_at) values ($1, $2) \
                 on conflict (endpoint) do nothing",
            )
            .bind(endpoint)
            .bind(now)
            .execute(tx.executor())
            .await
            .map(drop)
        })?)
    }

    async fn finish_outgoing(
        &mut self,
        outcome: &OutgoingOutcome,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let finished_at = (outcome.state != OutgoingState::Pending).then_some(now);
        Ok(on_tx!(self, |tx| {
            sqlx::query(
                "update outgoing_events set state = $2, attempts = attempts + 1, next_attempt_at = $3, \
                 answer_status = $4, error = $5, finished_at = $6, lease_until_s = 0 \
                 where id = $1 and state = 'pending'",
            )
            .bind(outcome.id)
            .bind(outcome.state.as_str())
            .bind(outcome.next_attempt_at)
            .bind(outcome.answer_status)
            .bind(&outcome.error)
            .bind(finished_at)
            .execute(tx.executor())
            .await
            .map(drop)
        })?)
    }

    async fn replay_outgoing(&mut self, id: Uuid, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let endpoint: Option<String> = on_tx!(&mut *self, |tx| {
            sqlx::query_scalar(
                "update outgoing_events set state = 'pending', attempts = 0, next_attempt_at = $2, since = $2, \
                 lease_until_s = 0, error = null, finished_at = null where id = $1 and payload <> '' returning endpoint",
            )
            .bind(id)
            .bind(now)
            .fetch_optional(tx.executor())
            .await
        })?;
        let Some(endpoint) = endpoint else {
            return Ok(false);
        };
        self.enable_endpoint(&endpoint).await?;
        Ok(true)
    }

    /// Lets events be sent to an endpoint again that answered 410.
    pub(super) async fn enable_endpoint(&mut self, endpoint: &str) -> Result<(), StoreError> {
        Ok(on_tx!(self, |tx| {
            sqlx::query("delete from disabled_endpoints where endpoint = $1")
                .bind(endpoint)
                .execute(tx.executor())
                .await
                .map(drop)
        })?)
    }
}
