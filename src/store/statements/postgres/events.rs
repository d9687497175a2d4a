//! Statements about webhook events that the inbox has.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;
use uuid::Uuid;

use crate::store::plan::EventOutcome;

pub(super) async fn finish_events(
    executor: impl PgExecutor<'_>,
    outcomes: &[EventOutcome],
) -> Result<u64, sqlx::Error> {
    let ids: Vec<Uuid> = outcomes.iter().map(|event| event.id).collect();
    let states: Vec<&str> = outcomes.iter().map(|event| event.state.as_str()).collect();
    let attempts: Vec<i32> = outcomes.iter().map(|event| event.attempts).collect();
    let next: Vec<Option<DateTime<Utc>>> = outcomes.iter().map(|event| event.next_attempt_at).collect();
    let errors: Vec<Option<&str>> = outcomes.iter().map(|event| event.error.as_deref()).collect();
    let videos: Vec<Option<Uuid>> = outcomes.iter().map(|event| event.video_id).collect();
    let result = sqlx::query(
        "update webhook_events set state = new.state, attempts = new.attempts, \
         next_attempt_at = new.next_attempt_at, error = new.error, video_id = new.video_id \
         from unnest($1::uuid[], $2::text[], $3::integer[], $4::timestamptz[], $5::text[], $6::uuid[]) \
         as new (id, state, attempts, next_attempt_at, error, video_id) where webhook_events.id = new.id",
    )
    .bind(ids)
    .bind(states)
    .bind(attempts)
    .bind(next)
    .bind(errors)
    .bind(videos)
    .execute(executor)
    .await?;
    Ok(result.rows_affected())
}
