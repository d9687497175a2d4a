//! The outbox: webhooks that are not yet accepted.
//!
//! `outbox` has one row for each event, `deliveries` one for each event and address. An event's row goes with its last
//! delivery.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{sqlite::SqliteRow, types::Json};

use super::database::{Store, Write, micros};
use crate::sql::row_by_name;

/// An event to queue.
pub(crate) struct Event<'a> {
    /// Mux's type, such as `video.asset.ready`.
    pub(crate) kind: &'a str,
    pub(crate) object_type: &'a str,
    pub(crate) object_id: &'a str,
    /// The object's JSON at the time of the event.
    pub(crate) data: Value,
}

/// A due webhook: one row of `deliveries`, with its event.
#[derive(Clone, Debug)]
pub(crate) struct PendingEvent {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) object_type: String,
    pub(crate) object_id: String,
    pub(crate) data: Json<Value>,
    /// Earlier attempts at this address, as the envelope shows them.
    pub(crate) attempts: Json<Vec<Value>>,
    /// Number of failed attempts at this address.
    pub(crate) tries: i64,
    /// True once the faults made on purpose were applied, or an attempt was made.
    pub(crate) decided: bool,
    pub(crate) created_us: i64,
}

row_by_name! {
    PendingEvent from SqliteRow;
    { id, kind = "type", object_type, object_id, data, attempts, tries, decided, created_us }
}

/// Queues an [`Event`] for every address in the transaction of its change, due at once. Without an address nothing is
/// queued.
pub(crate) async fn insert_event(
    write: &mut Write,
    id: &str,
    event: &Event<'_>,
    addresses: &[&str],
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    if addresses.is_empty() {
        return Ok(());
    }
    sqlx::query(
        // Why `seq`: events of the same microsecond keep their order.
        "insert into outbox (id, seq, type, object_type, object_id, data, due_us, created_us) \
         values ($1, (select coalesce(max(seq), 0) + 1 from outbox), $2, $3, $4, $5, $6, $6)",
    )
    .bind(id)
    .bind(event.kind)
    .bind(event.object_type)
    .bind(event.object_id)
    .bind(Json(&event.data))
    .bind(micros(now))
    .execute(&mut **write)
    .await?;
    for address in addresses {
        sqlx::query("insert into deliveries (event_id, address, due_us) values ($1, $2, $3)")
            .bind(id)
            .bind(address)
            .bind(micros(now))
            .execute(&mut **write)
            .await?;
    }
    Ok(())
}

impl Store {
    /// Brings the deliveries into line with the addresses of this start: events that an earlier release has queued get a
    /// delivery to `own` where it is among the addresses, and deliveries to addresses that are gone are dropped.
    pub(crate) async fn settle_deliveries(&self, own: &str, addresses: &[&str]) -> Result<(), sqlx::Error> {
        let mut write = self.begin_write().await?;
        sqlx::query(
            "insert into deliveries (event_id, address, attempts, tries, decided, due_us) \
             select id, $1, attempts, tries, decided, due_us from outbox \
             where not exists (select 1 from deliveries where event_id = id)",
        )
        .bind(own)
        .execute(&mut *write)
        .await?;
        sqlx::query("delete from deliveries where address not in (select value from json_each($1))")
            .bind(Json(addresses))
            .execute(&mut *write)
            .await?;
        sqlx::query("delete from outbox where not exists (select 1 from deliveries where event_id = id)")
            .execute(&mut *write)
            .await?;
        write.commit().await
    }

    /// Lists the [`PendingEvent`]s of an address that are due at `now`, oldest first.
    pub(crate) async fn due_events(
        &self,
        address: &str,
        now: DateTime<Utc>,
        limit: i64,
    ) -> Result<Vec<PendingEvent>, sqlx::Error> {
        sqlx::query_as(
            "select id, type, object_type, object_id, data, deliveries.attempts, deliveries.tries, deliveries.decided, \
             created_us from deliveries join outbox on id = event_id \
             where address = $1 and deliveries.due_us <= $2 order by deliveries.due_us, seq limit $3",
        )
        .bind(address)
        .bind(micros(now))
        .bind(limit)
        .fetch_all(&self.readers)
        .await
    }

    /// Deletes a delivery that was accepted, given up, or dropped on purpose; with the last one its event.
    pub(crate) async fn forget_delivery(&self, id: &str, address: &str) -> Result<(), sqlx::Error> {
        let mut write = self.begin_write().await?;
        sqlx::query("delete from deliveries where event_id = $1 and address = $2")
            .bind(id)
            .bind(address)
            .execute(&mut *write)
            .await?;
        sqlx::query(
            "delete from outbox where id = $1 and not exists (select 1 from deliveries where event_id = $1)",
        )
        .bind(id)
        .execute(&mut *write)
        .await?;
        write.commit().await
    }

    /// Records a failed attempt and sets the next one.
    pub(crate) async fn retry_delivery(
        &self,
        id: &str,
        address: &str,
        attempts: &[Value],
        due_us: i64,
    ) -> Result<(), sqlx::Error> {
        sqlx::query(
            "update deliveries set attempts = $3, tries = tries + 1, decided = 1, due_us = $4 \
             where event_id = $1 and address = $2",
        )
        .bind(id)
        .bind(address)
        .bind(Json(attempts))
        .bind(due_us)
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// Sets a later first attempt, and marks the faults made on purpose as applied.
    pub(crate) async fn postpone_delivery(
        &self,
        id: &str,
        address: &str,
        due_us: i64,
    ) -> Result<(), sqlx::Error> {
        sqlx::query("update deliveries set decided = 1, due_us = $3 where event_id = $1 and address = $2")
            .bind(id)
            .bind(address)
            .bind(due_us)
            .execute(&self.writer)
            .await?;
        Ok(())
    }
}
