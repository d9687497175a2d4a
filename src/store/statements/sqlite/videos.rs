//! Statements about videos.

use chrono::{DateTime, Utc};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection, SqliteExecutor};
use uuid::Uuid;

use crate::domain::Video;
use crate::store::change::{ChangeObserver, NewOutgoing, VideoChange};
use crate::store::error::StoreError;
use crate::store::event_keys::EventKeys;
use crate::store::rows::{Columns, IdTable, NewId, OutgoingTable, Table, VideoRow, VideoTable, gained_ids};

/// Returns the videos with these ids, in no order.
pub(super) async fn find_videos(
    executor: impl SqliteExecutor<'_>,
    ids: &[Uuid],
) -> Result<Vec<VideoRow>, sqlx::Error> {
    let mut query = QueryBuilder::new("select ");
    query.push(VideoTable::COLUMNS).push(" from videos where id in (");
    push_list(&mut query, ids.iter().copied());
    query.build_query_as().fetch_all(executor).await
}

/// Returns the videos of `provider` that any of the keys names, in the order of ids.
pub(super) async fn find_videos_named(
    executor: impl SqliteExecutor<'_>,
    provider: &str,
    keys: &EventKeys<'_>,
) -> Result<Vec<VideoRow>, sqlx::Error> {
    let mut query = QueryBuilder::new("select ");
    query.push(VideoTable::COLUMNS).push(" from videos where id in (");
    push_list(&mut query, keys.video_ids.iter().copied());
    for (kind, ids) in [("upload", &keys.uploads), ("asset", &keys.assets)] {
        query
            .push(" or id in (select video_id from provider_ids where provider = ")
            .push_bind(provider)
            .push(format_args!(" and kind = '{kind}' and id in ("));
        push_list(&mut query, ids.iter().copied());
        query.push(")");
    }
    query.push(" order by id");
    query.build_query_as().fetch_all(executor).await
}

/// Pushes `?, ?, …)`.
pub(super) fn push_list<'q, T>(query: &mut QueryBuilder<Sqlite>, values: impl Iterator<Item = T>)
where
    T: sqlx::Encode<'q, Sqlite> + sqlx::Type<Sqlite>,
{
    let mut list = query.separated(", ");
    for value in values {
        list.push_bind(value);
    }
    query.push(")");
}

pub(super) async fn insert_video(connection: &mut SqliteConnection, video: &Video) -> Result<(), StoreError> {
    let mut query = QueryBuilder::new("insert into videos (");
    query.push(VideoTable::NAMES).push(", lease_until_s) values (");
    VideoTable::push_values(&mut query.separated(", "), video);
    query.push(", 0)");
    let inserted = query.build().execute(connection).await;
    inserted.map(drop).map_err(StoreError::from_write)
}

pub(super) async fn insert_ids(
    connection: &mut SqliteConnection,
    ids: &[NewId<'_>],
) -> Result<(), StoreError> {
    let mut query = QueryBuilder::new("insert into provider_ids (");
    query.push(IdTable::NAMES).push(") ");
    query.push_values(ids, |mut list, new| IdTable::push_values(&mut list, new));
    let inserted = query.build().execute(connection).await;
    inserted.map(drop).map_err(StoreError::from_write)
}

/// Writes `columns` of the row where it still has the revision before, and what follows. Returns false where it has
/// another one: nothing is written then.
pub(super) async fn update_video(
    connection: &mut SqliteConnection,
    observer: &dyn ChangeObserver,
    change: &VideoChange,
    columns: Columns,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let VideoChange { before, after } = change;
    let mut query = QueryBuilder::new("update videos set ");
    VideoTable::push_assignments(&mut query, columns, after);
    query.push(" where id = ").push_bind(after.id);
    query.push(" and revision = ").push_bind(before.revision);
    let updated = query.build().execute(&mut *connection).await;
    if updated.map_err(StoreError::from_write)?.rows_affected() != 1 {
        return Ok(false);
    }
    let gained: Vec<NewId<'_>> = gained_ids(Some(before), after).collect();
    if !gained.is_empty() {
        insert_ids(&mut *connection, &gained).await?;
        release_parked(&mut *connection, after, now).await?;
    }
    let outgoing = observer.outgoing(before, after);
    if !outgoing.is_empty() {
        insert_outgoing(connection, &outgoing, now).await?;
    }
    Ok(true)
}

/// Makes parked events due that name the video.
pub(super) async fn release_parked(
    executor: impl SqliteExecutor<'_>,
    video: &Video,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update webhook_events set state = 'pending', next_attempt_at = $1 \
         where state = 'parked' and provider = $2 and (upload_id = $3 or asset_id = $4 or video_ref = $5)",
    )
    .bind(now)
    .bind(&video.provider)
    .bind(&video.known.upload_id)
    .bind(&video.known.asset_id)
    .bind(video.id)
    .execute(executor)
    .await
    .map(drop)
}

async fn insert_outgoing(
    executor: impl SqliteExecutor<'_>,
    outgoing: &[NewOutgoing],
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let mut query = QueryBuilder::new("insert into outgoing_events (");
    query.push(OutgoingTable::NAMES);
    query.push(", state, attempts, lease_until_s, next_attempt_at, created_at, since) ");
    query.push_values(outgoing, |mut list, row| {
        OutgoingTable::push_values(&mut list, row);
        list.push("'pending', 0, 0")
            .push_bind(now)
            .push_bind(now)
            .push_bind(now);
    });
    query.build().execute(executor).await.map(drop)
}
