//! A batch of webhook events with everything that it changes, in one statement on PostgreSQL: one round trip, which ends
//! when it is durable, and no row is held while we think.

use chrono::{DateTime, Utc};
use sqlx::error::DatabaseError;
use sqlx::{AssertSqlSafe, PgExecutor, Row};
use uuid::Uuid;

use super::StoreError;
use super::apply::VideoChange;
use super::arrays::{IDS, KNOWN_ROWS, KNOWN_SET, Statement, bind_known, column};
use super::follow_ups::FollowUps;
use super::inbox::{NewRow, ON_CONFLICT};
use super::outbox::Outbox;
use super::take_in::TakenIn;
use super::videos::identity;
use crate::domain::EventState;

/// How long the statement waits for a row that somebody else holds, in milliseconds; its events are stored as pending
/// then.
const PATIENCE_MS: u32 = 250;

/// Stores events of one provider that differ in identity, in the order of it, so that two replicas never wait for each
/// other in a circle; applies those whose video nobody changed meanwhile; and tells the application.
///
/// # Errors
/// The database fails, or somebody holds a row: nothing is stored then.
pub(super) async fn write(
    by: impl PgExecutor<'_>,
    outbox: &Outbox,
    rows: &[NewRow<'_>],
    are_new: bool,
    changes: &[VideoChange],
    now: DateTime<Utc>,
) -> Result<TakenIn, StoreError> {
    let follow_ups = FollowUps::of(outbox, changes.iter(), now);
    let changes: Vec<&VideoChange> = changes.iter().collect();
    let sql = format!(
        "{}{} select ids, states, changed_ids \
         from (select {IDS} as ids, coalesce(array_agg(state), '{{}}') as states from stored) as of_events, \
         (select {IDS} as changed_ids from changed) as of_videos",
        head(if are_new { "" } else { ON_CONFLICT }),
        follow_ups.sql(35)
    );
    let statement = bind_known(sqlx::query(AssertSqlSafe(sql)), &changes);
    let statement = follow_ups.bind(bind_events(statement, rows));
    let written = statement.fetch_one(by).await.map_err(refused)?;
    let (stored, states): (Vec<Uuid>, Vec<EventState>) = (written.try_get(0)?, written.try_get(1)?);
    Ok(TakenIn {
        stored: stored.into_iter().zip(states).collect(),
        changed: written.try_get::<Vec<Uuid>, _>(2)?.into_iter().collect(),
    })
}

/// `$1` to `$18` are the changes of videos, `$19` to `$34` the events.
fn head(on_conflict: &str) -> String {
    format!(
        "with patience as materialized (select set_config('lock_timeout', '{PATIENCE_MS}', true)), \
         changed as (update videos set {KNOWN_SET} from patience, (select {KNOWN_ROWS}) as new \
         where videos.id = new.id and videos.revision = new.before returning videos.id), \
         stored as (insert into webhook_events (id, provider, event_id, id_is_hash, type, occurred_at, received_at, \
         video_ref, upload_id, asset_id, error, body, receipts, attempts, state, next_attempt_at, video_id) \
         select new.id, provider, event_id, id_is_hash, type, occurred_at, received_at, video_ref, upload_id, asset_id, \
         error, body, 1, 0, case when through then 'applied' else state end, \
         case when through then null else next_attempt_at end, case when through then applied_to end \
         from (select unnest($19::uuid[]) as id, unnest($20::text[]) as provider, unnest($21::text[]) as event_id, \
         unnest($22::boolean[]) as id_is_hash, unnest($23::text[]) as type, \
         unnest($24::timestamptz[]) as occurred_at, unnest($25::timestamptz[]) as received_at, \
         unnest($26::uuid[]) as video_ref, unnest($27::text[]) as upload_id, \
         unnest($28::text[]) as asset_id, unnest($29::text[]) as error, unnest($30::bytea[]) as body, \
         unnest($31::text[]) as state, unnest($32::timestamptz[]) as next_attempt_at, \
         unnest($33::uuid[]) as applied_to, unnest($34::boolean[]) as with_change) as new \
         cross join lateral (select applied_to is not null \
         and (not with_change or applied_to in (select id from changed)) as through) as decided{on_conflict} returning id, state)"
    )
}

/// Binds `$19` to `$34`.
fn bind_events<'q>(statement: Statement<'q>, rows: &[NewRow<'q>]) -> Statement<'q> {
    statement
        .bind(column(rows, |row| row.event.id))
        .bind(column(rows, |row| row.event.provider.as_str()))
        .bind(column(rows, |row| row.event.event_id.as_str()))
        .bind(column(rows, |row| row.event.id_is_hash))
        .bind(column(rows, |row| row.event.event_type.as_str()))
        .bind(column(rows, |row| row.event.occurred_at))
        .bind(column(rows, |row| row.event.received_at))
        .bind(column(rows, |row| row.event.video_ref))
        .bind(column(rows, |row| row.event.upload_id.as_deref()))
        .bind(column(rows, |row| row.event.asset_id.as_deref()))
        .bind(column(rows, |row| row.event.error.as_deref()))
        .bind(column(rows, |row| row.event.body.as_deref()))
        .bind(column(rows, |row| row.event.state.as_str()))
        .bind(column(rows, |row| row.event.next_attempt_at))
        .bind(column(rows, |row| row.applied_to))
        .bind(column(rows, |row| row.with_change))
}

/// `lock_not_available` and `deadlock_detected`: somebody else is at these rows.
fn refused(error: sqlx::Error) -> StoreError {
    let code = error.as_database_error().and_then(DatabaseError::code);
    match code.as_deref() {
        Some("55P03" | "40P01") => StoreError::Contended,
        _ => identity(error),
    }
}
