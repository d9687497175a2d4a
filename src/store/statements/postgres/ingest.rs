//! A batch of webhook events with everything that it changes, in one statement: one round trip, which ends when it is
//! durable, and no row is held while anything is decided.

use std::sync::LazyLock;

use sqlx::error::DatabaseError;
use sqlx::{FromRow, Postgres, QueryBuilder, Row};
use uuid::Uuid;

use super::side_effects::SideEffects;
use super::videos::{WRITTEN_IDS, push_changed, push_named};
use crate::domain::EventState;
use crate::store::change::VideoChange;
use crate::store::connection::StickyConnection;
use crate::store::error::StoreError;
use crate::store::event_keys::EventKeys;
use crate::store::rows::{Columns, EventTable, NewEventRow, Table, VideoRow, VideoTable};
use crate::store::statements::twins::{IngestConnection, IngestWrite, Ingested, ON_KNOWN_EVENT};

/// How long the statement waits for a row that another transaction holds, in milliseconds. Its events are stored as
/// pending then.
const LOCK_TIMEOUT_MS: u32 = 250;

impl IngestConnection for StickyConnection {
    async fn read(
        &mut self,
        provider: &str,
        maps: &[&str],
        keys: &EventKeys<'_>,
        event_ids: &[&str],
    ) -> Result<(Vec<VideoRow>, Vec<String>), StoreError> {
        let mut query = QueryBuilder::new("select ");
        query
            .push(VideoTable::COLUMNS)
            .push(", array(select event_id from webhook_events where provider = ")
            .push_bind(provider)
            .push(" and event_id = any(")
            .push_bind(event_ids)
            .push(")) as known");
        push_named(&mut query, maps, keys);
        let rows = query.build().fetch_all(self.executor().await?).await?;
        let known = match rows.first() {
            Some(row) => row.try_get("known")?,
            None => Vec::new(),
        };
        let videos = rows.iter().map(VideoRow::from_row).collect::<Result<_, _>>()?;
        Ok((videos, known))
    }

    async fn write(&mut self, write: IngestWrite<'_>) -> Result<Ingested, StoreError> {
        let changes: Vec<&VideoChange> = write.changes.iter().collect();
        let side_effects = SideEffects::new(write.observer, &changes, write.now);
        let mut query = QueryBuilder::new(format!(
            "with patience as materialized (select set_config('lock_timeout', '{LOCK_TIMEOUT_MS}', true)), "
        ));
        push_changed(&mut query, &changes, Columns::Observed, "patience, ", "");
        push_stored(&mut query, &write.rows, write.are_new);
        side_effects.push_to(&mut query);
        query.push(format_args!(
            " select ids, states, changed_ids \
             from (select {WRITTEN_IDS} as ids, coalesce(array_agg(state), '{{}}') as states from stored) as of_events, \
             (select {WRITTEN_IDS} as changed_ids from changed) as of_videos"
        ));
        let row = query
            .build()
            .fetch_one(self.executor().await?)
            .await
            .map_err(to_store_error)?;
        let (stored, states): (Vec<Uuid>, Vec<EventState>) = (row.try_get(0)?, row.try_get(1)?);
        Ok(Ingested {
            stored: stored.into_iter().zip(states).collect(),
            changed: row.try_get::<Vec<Uuid>, _>(2)?.into_iter().collect(),
        })
    }

    fn release(&mut self) {
        Self::release(self);
    }
}

/// The values of an event's columns, in their order: applied ones differ in three.
// Why once: the text is the same for every batch.
static STORED_VALUES: LazyLock<String> = LazyLock::new(|| {
    let value = |column| match column {
        "state" => "case when through then 'applied' else state end",
        "next_attempt_at" => "case when through then null else next_attempt_at end",
        "video_id" => "case when through then video_id end",
        "id" => "new.id",
        column => column,
    };
    let values: Vec<&str> = EventTable::NAMES.split(", ").map(value).collect();
    values.join(", ")
});

/// Pushes the part `stored`: it inserts the events, applied where their video's change was written or needs none, and
/// returns ids and states.
fn push_stored(query: &mut QueryBuilder<Postgres>, rows: &[NewEventRow<'_>], are_new: bool) {
    let needs_change: Vec<bool> = rows.iter().map(|row| row.needs_change).collect();
    query
        .push(", stored as (insert into webhook_events (")
        .push(EventTable::NAMES)
        .push(") select ")
        .push(&*STORED_VALUES)
        .push(" from (select ");
    EventTable::push_arrays(query, Columns::All, &rows.iter().collect::<Vec<_>>());
    query.push(", unnest(").push_bind(needs_change).push(
        "::boolean[]) as needs_change) as new cross join lateral (select video_id is not null \
             and (not needs_change or video_id in (select id from changed)) as through) as decided",
    );
    if !are_new {
        // A known event is left alone, or due again where it had failed, was parked or given up. An applied one whose id
        // is a hash is stored anew.
        query.push(ON_KNOWN_EVENT);
    }
    query.push(" returning id, state)");
}

/// Tells rows that another transaction holds (`lock_not_available`, `deadlock_detected`) from other failures.
fn to_store_error(error: sqlx::Error) -> StoreError {
    let code = error.as_database_error().and_then(DatabaseError::code);
    match code.as_deref() {
        Some("55P03" | "40P01") => StoreError::Contended,
        _ => StoreError::from_write(error),
    }
}
