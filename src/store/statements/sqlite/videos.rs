//! Statements about videos.

use chrono::{DateTime, Utc};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection, SqliteExecutor};
use uuid::Uuid;

use crate::domain::{Accounts, Video};
use crate::store::change::{ChangeObserver, NewOutgoing, VideoChange};
use crate::store::error::StoreError;
use crate::store::event_keys::{EventKeys, push_maps};
use crate::store::rows::{Columns, IdTable, NewId, OutgoingTable, Table, VideoRow, VideoTable, gained_ids};

/// Returns the videos with these ids, in the order of ids.
pub(super) async fn find_videos(
    executor: impl SqliteExecutor<'_>,
    ids: &[Uuid],
) -> Result<Vec<VideoRow>, sqlx::Error> {
    let mut query = QueryBuilder::new("select ");
    query.push(VideoTable::COLUMNS).push(" from videos where id in (");
    push_list(&mut query, ids.iter().copied());
    query.push(" order by id");
    query.build_query_as().fetch_all(executor).await
}

/// Returns the videos of these maps that any of the keys names, in the order of ids. A row whose id is among the
/// references is returned as well where it has another reference: it is told apart by [`Video::reference`].
pub(super) async fn find_videos_named(
    executor: impl SqliteExecutor<'_>,
    maps: &[&str],
    keys: &EventKeys<'_>,
) -> Result<Vec<VideoRow>, sqlx::Error> {
    let mut query = QueryBuilder::new("select ");
    query.push(VideoTable::COLUMNS).push(" from videos where id in (");
    push_list(&mut query, keys.references.iter().copied());
    query.push(" or reference in (");
    push_list(&mut query, keys.references.iter().copied());
    for (kind, ids) in [("upload", &keys.uploads), ("asset", &keys.assets)] {
        query.push(" or id in (select video_id from provider_ids where provider");
        push_maps(&mut query, maps);
        query.push(format_args!(" and kind = '{kind}' and id in ("));
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
    if !write_columns(&mut *connection, change, columns).await? {
        return Ok(false);
    }
    let accounts = observer.accounts();
    let gained = gained_ids(Some(before), after, &accounts);
    if !gained.is_empty() {
        insert_ids(&mut *connection, &gained).await?;
        release_parked(&mut *connection, after, &accounts, now).await?;
    }
    insert_outgoing(connection, &observer.outgoing(before, after), now).await?;
    Ok(true)
}

/// Writes `columns` of the row where it still has the revision before. Returns false where it has another one.
pub(super) async fn write_columns(
    connection: &mut SqliteConnection,
    change: &VideoChange,
    columns: Columns,
) -> Result<bool, StoreError> {
    let VideoChange { before, after } = change;
    let mut query = QueryBuilder::new("update videos set ");
    VideoTable::push_assignments(&mut query, columns, after);
    query.push(" where id = ").push_bind(after.id);
    query.push(" and revision = ").push_bind(before.revision);
    let updated = query.build().execute(connection).await;
    Ok(updated.map_err(StoreError::from_write)?.rows_affected() == 1)
}

/// Makes parked events of the video's account due that name the video.
pub(super) async fn release_parked(
    executor: impl SqliteExecutor<'_>,
    video: &Video,
    accounts: &Accounts,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let mut query = QueryBuilder::new("update webhook_events set state = 'pending', next_attempt_at = ");
    query.push_bind(now).push(" where state = 'parked' and provider");
    push_maps(&mut query, &accounts.maps_beside(&video.provider));
    query
        .push(" and (upload_id = ")
        .push_bind(&video.known.upload_id)
        .push(" or asset_id = ")
        .push_bind(&video.known.asset_id)
        .push(" or video_ref = ")
        .push_bind(video.reference())
        .push(")");
    query.build().execute(executor).await.map(drop)
}

/// Writes outgoing events, where there are any.
pub(super) async fn insert_outgoing(
    executor: impl SqliteExecutor<'_>,
    outgoing: &[NewOutgoing],
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    if outgoing.is_empty() {
        return Ok(());
    }
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
