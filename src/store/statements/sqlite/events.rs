//! Statements about webhook events.

use std::collections::HashMap;

use sqlx::{QueryBuilder, SqliteExecutor};
use uuid::Uuid;

use super::videos::push_list;
use crate::domain::EventState;
use crate::store::plan::EventOutcome;
use crate::store::rows::{EventTable, NewEventRow, Table};
use crate::store::statements::twins::ON_KNOWN_EVENT;

/// Returns which of these ids the inbox has already.
pub(super) async fn find_known_events(
    executor: impl SqliteExecutor<'_>,
    provider: &str,
    event_ids: &[&str],
) -> Result<Vec<String>, sqlx::Error> {
    let mut query = QueryBuilder::new("select event_id from webhook_events where provider = ");
    query.push_bind(provider).push(" and event_id in (");
    push_list(&mut query, event_ids.iter().copied());
    query.build_query_scalar().fetch_all(executor).await
}

/// Stores events that differ in identity, in their order. Returns those that were written.
pub(super) async fn insert_events(
    executor: impl SqliteExecutor<'_>,
    rows: &[NewEventRow<'_>],
) -> Result<HashMap<Uuid, EventState>, sqlx::Error> {
    let mut query = QueryBuilder::new("insert into webhook_events (");
    query.push(EventTable::NAMES).push(") ");
    query.push_values(rows, |mut list, row| EventTable::push_values(&mut list, row));
    query.push(ON_KNOWN_EVENT).push(" returning id, state");
    let written: Vec<(Uuid, EventState)> = query.build_query_as().fetch_all(executor).await?;
    Ok(written.into_iter().collect())
}

pub(super) async fn finish_events(
    executor: impl SqliteExecutor<'_>,
    outcomes: &[EventOutcome],
) -> Result<u64, sqlx::Error> {
    let mut query =
        QueryBuilder::new("with outcome (id, state, attempts, next_attempt_at, error, video_id) as (");
    query.push_values(outcomes, |mut list, event| {
        list.push_bind(event.id)
            .push_bind(event.state.as_str())
            .push_bind(event.attempts)
            .push_bind(event.next_attempt_at)
            .push_bind(&event.error)
            .push_bind(event.video_id);
    });
    query.push(
        ") update webhook_events set state = outcome.state, attempts = outcome.attempts, \
         next_attempt_at = outcome.next_attempt_at, error = outcome.error, video_id = outcome.video_id \
         from outcome where webhook_events.id = outcome.id",
    );
    Ok(query.build().execute(executor).await?.rows_affected())
}
