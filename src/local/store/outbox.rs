//! The outbox: webhooks that are not yet accepted.

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

/// A due webhook: one row of `outbox`.
#[derive(Clone, Debug)]
pub(crate) struct PendingEvent {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) object_type: String,
    pub(crate) object_id: String,
    pub(crate) data: Json<Value>,
    /// Earlier attempts, as the envelope shows them.
    pub(crate) attempts: Json<Vec<Value>>,
    /// Number of failed attempts.
    pub(crate) tries: i64,
    /// True once the faults made on purpose were applied, or an attempt was made.
    pub(crate) decided: bool,
    pub(crate) created_us: i64,
}

row_by_name! {
    PendingEvent from SqliteRow;
    { id, kind = "type", object_type, object_id, data, attempts, tries, decided, created_us }
}

/// Queues an [`Event`] in the transaction of its change, due at once.
pub(crate) async fn insert_event(
    write: &mut Write,
    id: &str,
    event: &Event<'_>,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
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
    Ok(())
}

impl Store {
    /// Lists the [`PendingEvent`]s that are due at `now`, oldest first.
    pub(crate) async fn due_events(
        &self,
        now: DateTime<Utc>,
        limit: i64,
    ) -> Result<Vec<PendingEvent>, sqlx::Error> {
        sqlx::query_as(
            "select id, type, object_type, object_id, data, attempts, tries, decided, created_us \
             from outbox where due_us <= $1 order by due_us, seq limit $2",
        )
        .bind(micros(now))
        .bind(limit)
        .fetch_all(&self.readers)
        .await
    }

    /// Deletes a webhook that was accepted, given up, or dropped on purpose.
    pub(crate) async fn forget_event(&self, id: &str) -> Result<(), sqlx::Error> {
        sqlx::query("delete from outbox where id = $1")
            .bind(id)
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    /// Records a failed attempt and sets the next one.
    pub(crate) async fn retry_event(
        &self,
        id: &str,
        attempts: &[Value],
        due_us: i64,
    ) -> Result<(), sqlx::Error> {
        sqlx::query(
            "update outbox set attempts = $2, tries = tries + 1, decided = 1, due_us = $3 where id = $1",
        )
        .bind(id)
        .bind(Json(attempts))
        .bind(due_us)
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// Sets a later first attempt, and marks the faults made on purpose as applied.
    pub(crate) async fn postpone_event(&self, id: &str, due_us: i64) -> Result<(), sqlx::Error> {
        sqlx::query("update outbox set decided = 1, due_us = $2 where id = $1")
            .bind(id)
            .bind(due_us)
            .execute(&self.writer)
            .await?;
        Ok(())
    }
}
