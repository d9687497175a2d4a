//! Batches as PostgreSQL takes them best: an array a column, so that one prepared statement serves every size. (A
//! list of values is another statement for each length, to be parsed and planned anew.)
//! SQLite has no arrays; its statements stand beside the callers of these.

use std::sync::Arc;

use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::types::Json;
use sqlx::{AssertSqlSafe, FromRow, PgExecutor, Postgres, Row};
use uuid::Uuid;

use super::apply::{EventOutcome, VideoChange};
use super::follow_ups::FollowUps;
use super::ids::NewId;
use super::keys::Keys;
use super::record::{VIDEO_COLUMNS, VideoRecord};
use crate::domain::Video;

/// One value of each item.
pub(super) fn column<'a, T, V>(items: &'a [T], value: impl Fn(&'a T) -> V) -> Vec<V> {
    items.iter().map(value).collect()
}

/// The videos with these ids, in no order.
pub(super) async fn videos_by_id(
    by: impl PgExecutor<'_>,
    ids: &[Uuid],
) -> Result<Vec<VideoRecord>, sqlx::Error> {
    let sql = format!("select {VIDEO_COLUMNS} from videos where id = any($1)");
    sqlx::query_as(AssertSqlSafe(sql)).bind(ids).fetch_all(by).await
}

/// Of `$1`, by the ids `$2` to `$4`: ours, uploads', assets'.
const NAMED: &str = "from videos where provider = $1 and id = any(array( \
     select unnest($2::uuid[]) \
     union all select video_id from provider_ids where provider = $1 and kind = 'upload' and id = any($3) \
     union all select video_id from provider_ids where provider = $1 and kind = 'asset' and id = any($4)))";

/// One provider's videos that any of the keys names, locked, in the order of ids.
pub(super) async fn lock_videos_of(
    by: impl PgExecutor<'_>,
    provider: &str,
    keys: &Keys<'_>,
) -> Result<Vec<VideoRecord>, sqlx::Error> {
    let sql = format!("select {VIDEO_COLUMNS} {NAMED} order by id for update");
    sqlx::query_as(AssertSqlSafe(sql))
        .bind(provider)
        .bind(&keys.refs)
        .bind(&keys.uploads)
        .bind(&keys.assets)
        .fetch_all(by)
        .await
}

/// One provider's videos that any of the keys names, as they are now, in no order; and which of these events the inbox has
/// already, where there are any videos.
pub(super) async fn videos_and_known(
    by: impl PgExecutor<'_>,
    provider: &str,
    keys: &Keys<'_>,
    event_ids: &[&str],
) -> Result<(Vec<VideoRecord>, Vec<String>), sqlx::Error> {
    let sql = format!(
        "select {VIDEO_COLUMNS}, array( \
         select event_id from webhook_events where provider = $1 and event_id = any($5)) as known {NAMED}"
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(provider)
        .bind(&keys.refs)
        .bind(&keys.uploads)
        .bind(&keys.assets)
        .bind(event_ids)
        .fetch_all(by)
        .await?;
    let known = match rows.first() {
        Some(row) => row.try_get("known")?,
        None => Vec::new(),
    };
    let videos = rows.iter().map(VideoRecord::from_row).collect::<Result<_, _>>()?;
    Ok((videos, known))
}

/// The members of a video that events can change, as `$3` to `$18` behind its id and its revision before.
pub(super) const KNOWN_SET: &str = "status = new.status, upload_id = new.upload_id, asset_id = new.asset_id, \
     reported = new.reported, gone = new.gone, delete_requested = new.delete_requested, \
     cancel_confirmed = new.cancel_confirmed, ready_at = new.ready_at, \
     ready_by_our_clock = new.ready_by_our_clock, facts = new.facts, check_at = new.check_at, \
     checks = new.checks, lost = new.lost, version = new.version, revision = new.revision, \
     updated_at = new.updated_at";
/// (Taken apart in a list of expressions, which costs half of what a table function of as many arrays does.)
pub(super) const KNOWN_ROWS: &str = "unnest($1::uuid[]) as id, unnest($2::bigint[]) as before, unnest($3::text[]) as status, \
     unnest($4::text[]) as upload_id, unnest($5::text[]) as asset_id, \
     unnest($6::text[]) as reported, unnest($7::boolean[]) as gone, \
     unnest($8::boolean[]) as delete_requested, unnest($9::boolean[]) as cancel_confirmed, \
     unnest($10::timestamptz[]) as ready_at, unnest($11::boolean[]) as ready_by_our_clock, \
     unnest($12::jsonb[]) as facts, unnest($13::timestamptz[]) as check_at, \
     unnest($14::integer[]) as checks, unnest($15::boolean[]) as lost, \
     unnest($16::bigint[]) as version, unnest($17::bigint[]) as revision, \
     unnest($18::timestamptz[]) as updated_at";

/// The ids of what was written, as one value: a row for each would have to be taken apart on both sides.
pub(super) const IDS: &str = "coalesce(array_agg(id), '{}')";

pub(super) type Statement<'q> = Query<'q, Postgres, PgArguments>;

/// Binds `$1` to `$18`, see [`KNOWN_SET`].
pub(super) fn bind_known<'q>(statement: Statement<'q>, changes: &'q [&VideoChange]) -> Statement<'q> {
    statement
        .bind(column(changes, |change| change.after.id))
        .bind(column(changes, |change| change.before.revision))
        .bind(column(changes, |change| change.after.status.as_str()))
        .bind(column(changes, |change| change.after.known.upload_id.as_deref()))
        .bind(column(changes, |change| change.after.known.asset_id.as_deref()))
        .bind(column(changes, |change| change.after.known.reported.as_str()))
        .bind(column(changes, |change| change.after.known.gone))
        .bind(column(changes, |change| change.after.known.delete_requested))
        .bind(column(changes, |change| change.after.known.cancel_confirmed))
        .bind(column(changes, |change| change.after.known.ready_at()))
        .bind(column(changes, |change| is_by_our_clock(&change.after)))
        .bind(column(changes, |change| Json(&change.after.known.facts)))
        .bind(column(changes, |change| change.after.check_at))
        .bind(column(changes, |change| change.after.checks))
        .bind(column(changes, |change| change.after.known.lost))
        .bind(column(changes, |change| change.after.version))
        .bind(column(changes, |change| change.after.revision))
        .bind(column(changes, |change| change.after.updated_at))
}

/// Writes what events can change of videos, where nobody came in between, with what follows; the ids of those that were
/// written.
pub(super) async fn write_videos(
    by: impl PgExecutor<'_>,
    changes: &[&VideoChange],
    follow_ups: &FollowUps<'_>,
) -> Result<Vec<Uuid>, sqlx::Error> {
    let sql = format!(
        "with changed as (update videos set {KNOWN_SET} from (select {KNOWN_ROWS}) as new \
         where videos.id = new.id and videos.revision = new.before returning videos.id){} select {IDS} from changed",
        follow_ups.sql(19)
    );
    let statement = follow_ups.bind(bind_known(sqlx::query(AssertSqlSafe(sql)), changes));
    statement.fetch_one(by).await?.try_get(0)
}

/// Writes new videos, whose ids at their provider are not known yet; all or none.
pub(super) async fn insert_videos(by: impl PgExecutor<'_>, videos: &[Arc<Video>]) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into videos (id, owner, provider, title, external_id, metadata, thumbnail_time, playback_policy, \
         quality, status, upload_id, asset_id, reported, gone, delete_requested, cancel_confirmed, ready_at, \
         ready_by_our_clock, facts, captures, steps, unsent, upload_expires_at, check_at, checks, missing_since, lost, \
         version, revision, created_at, updated_at, lease_until_s) \
         select unnest($1::uuid[]), unnest($2::text[]), unnest($3::text[]), unnest($4::text[]), \
         unnest($5::text[]), unnest($6::jsonb[]), unnest($7::double precision[]), unnest($8::text[]), \
         unnest($9::text[]), unnest($10::text[]), unnest($11::text[]), unnest($12::text[]), \
         unnest($13::text[]), unnest($14::boolean[]), unnest($15::boolean[]), unnest($16::boolean[]), \
         unnest($17::timestamptz[]), unnest($18::boolean[]), unnest($19::jsonb[]), unnest($20::jsonb[]), \
         unnest($21::integer[]), unnest($22::jsonb[]), unnest($23::timestamptz[]), \
         unnest($24::timestamptz[]), unnest($25::integer[]), unnest($26::timestamptz[]), \
         unnest($27::boolean[]), unnest($28::bigint[]), unnest($29::bigint[]), unnest($30::timestamptz[]), \
         unnest($31::timestamptz[]), 0",
    )
    .bind(column(videos, |video| video.id))
    .bind(column(videos, |video| video.owner.as_str()))
    .bind(column(videos, |video| video.provider.as_str()))
    .bind(column(videos, |video| video.title.as_deref()))
    .bind(column(videos, |video| video.external_id.as_deref()))
    .bind(column(videos, |video| Json(&video.metadata)))
    .bind(column(videos, |video| video.thumbnail_time))
    .bind(column(videos, |video| video.playback_policy.as_str()))
    .bind(column(videos, |video| video.quality.as_deref()))
    .bind(column(videos, |video| video.status.as_str()))
    .bind(column(videos, |video| video.known.upload_id.as_deref()))
    .bind(column(videos, |video| video.known.asset_id.as_deref()))
    .bind(column(videos, |video| video.known.reported.as_str()))
    .bind(column(videos, |video| video.known.gone))
    .bind(column(videos, |video| video.known.delete_requested))
    .bind(column(videos, |video| video.known.cancel_confirmed))
    .bind(column(videos, |video| video.known.ready_at()))
    .bind(column(videos, |video| is_by_our_clock(video)))
    .bind(column(videos, |video| Json(&video.known.facts)))
    .bind(column(videos, |video| Json(&video.captures)))
    .bind(column(videos, |video| video.steps))
    .bind(column(videos, |video| Json(&video.unsent)))
    .bind(column(videos, |video| video.upload_expires_at))
    .bind(column(videos, |video| video.check_at))
    .bind(column(videos, |video| video.checks))
    .bind(column(videos, |video| video.missing_since))
    .bind(column(videos, |video| video.known.lost))
    .bind(column(videos, |video| video.version))
    .bind(column(videos, |video| video.revision))
    .bind(column(videos, |video| video.created_at))
    .bind(column(videos, |video| video.updated_at))
    .execute(by)
    .await
    .map(drop)
}

/// Writes everything that can change of videos, where nobody came in between or holds the row now, with what follows; the
/// ids of those that were written.
pub(super) async fn rewrite_videos(
    by: impl PgExecutor<'_>,
    changes: &[&VideoChange],
    follow_ups: &FollowUps<'_>,
) -> Result<Vec<Uuid>, sqlx::Error> {
    let sql = format!(
        "with held as materialized (select id from videos where id = any($1) for update skip locked), \
         changed as (update videos set {KNOWN_SET}, title = new.title, external_id = new.external_id, metadata = new.metadata, \
         thumbnail_time = new.thumbnail_time, captures = new.captures, steps = new.steps, unsent = new.unsent, \
         upload_expires_at = new.upload_expires_at, missing_since = new.missing_since \
         from held, (select {KNOWN_ROWS}, \
         unnest($19::text[]) as title, unnest($20::text[]) as external_id, \
         unnest($21::jsonb[]) as metadata, unnest($22::double precision[]) as thumbnail_time, \
         unnest($23::jsonb[]) as captures, unnest($24::integer[]) as steps, \
         unnest($25::jsonb[]) as unsent, unnest($26::timestamptz[]) as upload_expires_at, \
         unnest($27::timestamptz[]) as missing_since) as new \
         where videos.id = held.id and videos.id = new.id and videos.revision = new.before returning videos.id){} select {IDS} from changed",
        follow_ups.sql(28)
    );
    let statement = bind_known(sqlx::query(AssertSqlSafe(sql)), changes)
        .bind(column(changes, |change| change.after.title.as_deref()))
        .bind(column(changes, |change| change.after.external_id.as_deref()))
        .bind(column(changes, |change| Json(&change.after.metadata)))
        .bind(column(changes, |change| change.after.thumbnail_time))
        .bind(column(changes, |change| Json(&change.after.captures)))
        .bind(column(changes, |change| change.after.steps))
        .bind(column(changes, |change| Json(&change.after.unsent)))
        .bind(column(changes, |change| change.after.upload_expires_at))
        .bind(column(changes, |change| change.after.missing_since));
    follow_ups.bind(statement).fetch_one(by).await?.try_get(0)
}

fn is_by_our_clock(video: &Video) -> bool {
    video.known.ready.is_some_and(|ready| ready.by_our_clock)
}

/// Makes ids known.
pub(super) async fn insert_ids(by: impl PgExecutor<'_>, ids: &[NewId<'_>]) -> Result<(), sqlx::Error> {
    let statement = sqlx::query(
        "insert into provider_ids (provider, kind, id, video_id) \
         select * from unnest($1::text[], $2::text[], $3::text[], $4::uuid[])",
    );
    statement
        .bind(column(ids, |new| new.provider))
        .bind(column(ids, |new| new.kind))
        .bind(column(ids, |new| new.id))
        .bind(column(ids, |new| new.video))
        .execute(by)
        .await
        .map(drop)
}

/// Writes what became of events; how many were written.
pub(super) async fn finish_events(
    by: impl PgExecutor<'_>,
    outcomes: &[EventOutcome],
) -> Result<u64, sqlx::Error> {
    let result = sqlx::query(
        "update webhook_events set state = new.state, attempts = new.attempts, \
         next_attempt_at = new.next_attempt_at, error = new.error, video_id = new.video_id \
         from unnest($1::uuid[], $2::text[], $3::integer[], $4::timestamptz[], $5::text[], $6::uuid[]) \
         as new (id, state, attempts, next_attempt_at, error, video_id) where webhook_events.id = new.id",
    )
    .bind(column(outcomes, |event| event.id))
    .bind(column(outcomes, |event| event.state.as_str()))
    .bind(column(outcomes, |event| event.attempts))
    .bind(column(outcomes, |event| event.next_attempt_at))
    .bind(column(outcomes, |event| event.error.as_deref()))
    .bind(column(outcomes, |event| event.video_id))
    .execute(by)
    .await?;
    Ok(result.rows_affected())
}
