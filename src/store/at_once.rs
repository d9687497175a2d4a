//! A batch of webhook events with everything that it changes, in one statement on PostgreSQL: one round trip, which ends
//! when it is durable, and no row is held while we think.

use chrono::{DateTime, Utc};
use sqlx::error::DatabaseError;
use sqlx::{AssertSqlSafe, PgPool, Row};
use uuid::Uuid;

use super::apply::{VideoChange, keys_gained};
use super::arrays::{KNOWN_NAMES, KNOWN_SET, KNOWN_TYPES, Statement, bind_known, column};
use super::inbox::{NewRow, ON_CONFLICT};
use super::outbox::{NewsRow, Outbox};
use super::take_in::TakenIn;
use super::videos::identity;
use super::{StoreError, arrays};
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
    pool: &PgPool,
    outbox: &Outbox,
    rows: &[NewRow<'_>],
    changes: &[VideoChange],
    now: DateTime<Utc>,
) -> Result<TakenIn, StoreError> {
    let gained = keys_gained(changes.iter());
    // A batch is of one provider.
    let gained = gained.into_iter().next();
    let news: Vec<NewsRow> = changes.iter().flat_map(|change| outbox.news(change)).collect();
    let changes: Vec<&VideoChange> = changes.iter().collect();
    let sql = sql(gained.is_some(), !news.is_empty());
    let mut statement = bind_known(sqlx::query(AssertSqlSafe(sql)), &changes);
    statement = bind_events(statement, rows);
    if let Some((provider, keys)) = &gained {
        statement = arrays::bind_keys(statement.bind(now), provider, keys);
    }
    if !news.is_empty() {
        statement = bind_news(statement.bind(now), &news);
    }
    let written = statement.fetch_all(pool).await.map_err(refused)?;
    let mut taken = TakenIn::default();
    for row in written {
        let id: Uuid = row.try_get(0)?;
        match row.try_get::<Option<EventState>, _>(1)? {
            Some(state) => drop(taken.stored.insert(id, state)),
            None => drop(taken.changed.insert(id)),
        }
    }
    Ok(taken)
}

/// `$1` to `$18` are the changes of videos, `$19` to `$34` the events; then come the keys of events that may have waited,
/// where there are any, and last what the application is told.
fn sql(gained: bool, news: bool) -> String {
    let mut sql = format!(
        "with patience as materialized (select set_config('lock_timeout', '{PATIENCE_MS}', true)), \
         changed as (update videos set {KNOWN_SET} from patience, unnest({KNOWN_TYPES}) as new ({KNOWN_NAMES}) \
         where videos.id = new.id and videos.revision = new.before returning videos.id), \
         stored as (insert into webhook_events (id, provider, event_id, id_is_hash, type, occurred_at, received_at, \
         video_ref, upload_id, asset_id, error, body, receipts, attempts, state, next_attempt_at, video_id) \
         select new.id, provider, event_id, id_is_hash, type, occurred_at, received_at, video_ref, upload_id, asset_id, \
         error, body, 1, 0, case when through then 'applied' else state end, \
         case when through then null else next_attempt_at end, case when through then applied_to end \
         from unnest($19::uuid[], $20::text[], $21::text[], $22::boolean[], $23::text[], $24::timestamptz[], \
         $25::timestamptz[], $26::uuid[], $27::text[], $28::text[], $29::text[], $30::bytea[], $31::text[], \
         $32::timestamptz[], $33::uuid[], $34::boolean[]) as new (id, provider, event_id, id_is_hash, type, occurred_at, \
         received_at, video_ref, upload_id, asset_id, error, body, state, next_attempt_at, applied_to, with_change) \
         cross join lateral (select applied_to is not null \
         and (not with_change or applied_to in (select id from changed)) as through) as decided{ON_CONFLICT})"
    );
    if gained {
        sql += RELEASED;
    }
    if news {
        sql += &told(if gained { 40 } else { 35 });
    }
    sql + " select id, state from stored union all select id, null from changed"
}

/// `$35` is now, `$36` to `$39` are the keys.
const RELEASED: &str = ", released as (update webhook_events set state = 'pending', next_attempt_at = $35 \
     where state = 'parked' and provider = $36 \
     and (upload_id = any($37) or asset_id = any($38) or video_ref = any($39)))";

/// The parameter with the number `first` is now, seven arrays follow.
fn told(first: usize) -> String {
    let types = ["uuid", "uuid", "text", "uuid", "bigint", "text", "text"];
    let arrays: Vec<String> = types
        .iter()
        .zip(first + 1..)
        .map(|(name, number)| format!("${number}::{name}[]"))
        .collect();
    format!(
        ", told as (insert into outgoing_events (id, event_id, endpoint, video_id, version, type, payload, state, \
         attempts, next_attempt_at, lease_until_s, created_at, since) \
         select new.*, 'pending', 0, ${first}, 0, ${first}, ${first} from unnest({}) \
         as new (id, event_id, endpoint, video_id, version, type, payload) \
         where video_id in (select id from changed))",
        arrays.join(", ")
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

fn bind_news<'q>(statement: Statement<'q>, news: &'q [NewsRow]) -> Statement<'q> {
    statement
        .bind(column(news, |row| row.id))
        .bind(column(news, |row| row.event_id))
        .bind(column(news, |row| row.endpoint.as_str()))
        .bind(column(news, |row| row.video_id))
        .bind(column(news, |row| row.version))
        .bind(column(news, |row| row.what.as_str()))
        .bind(column(news, |row| &*row.payload))
}

/// `lock_not_available` and `deadlock_detected`: somebody else is at these rows.
fn refused(error: sqlx::Error) -> StoreError {
    let code = error.as_database_error().and_then(DatabaseError::code);
    match code.as_deref() {
        Some("55P03" | "40P01") => StoreError::Contended,
        _ => identity(error),
    }
}
