//! Statements about videos. An array a column, so that one prepared statement serves every number of rows: a list of
//! values would be another statement for each length, parsed and planned anew.

use std::collections::HashSet;

use sqlx::{AssertSqlSafe, PgExecutor, Postgres, QueryBuilder, Row};
use uuid::Uuid;

use super::side_effects::SideEffects;
use crate::domain::Video;
use crate::store::change::VideoChange;
use crate::store::error::StoreError;
use crate::store::event_keys::{EventKeys, push_maps};
use crate::store::rows::{Columns, IdTable, NewId, Table, VideoRow, VideoTable};
use crate::store::statements::twins::Locking;

/// The ids of what was written, as one value.
// Why one value: a row for each id would have to be taken apart on both sides.
pub(super) const WRITTEN_IDS: &str = "coalesce(array_agg(id), '{}')";

/// Returns the videos with these ids, in no order.
pub(in crate::store) async fn find_videos(
    executor: impl PgExecutor<'_>,
    ids: &[Uuid],
) -> Result<Vec<VideoRow>, sqlx::Error> {
    let sql = format!("select {} from videos where id = any($1)", VideoTable::COLUMNS);
    sqlx::query_as(AssertSqlSafe(sql))
        .bind(ids)
        .fetch_all(executor)
        .await
}

/// Pushes `from videos where …`: the videos of these maps that any of the keys names. A row whose id is among the
/// references is read as well where it has another reference: it is told apart by [`Video::reference`].
pub(super) fn push_named(query: &mut QueryBuilder<Postgres>, maps: &[&str], keys: &EventKeys<'_>) {
    query.push(" from videos where provider");
    push_maps(query, maps);
    query
        .push(" and id = any(array(select unnest(")
        .push_bind(&keys.references)
        .push("::uuid[]) union all select id from videos where reference = any(")
        .push_bind(&keys.references)
        .push(")");
    for (kind, ids) in [("upload", &keys.uploads), ("asset", &keys.assets)] {
        query.push(" union all select video_id from provider_ids where provider");
        push_maps(query, maps);
        query
            .push(format_args!(" and kind = '{kind}' and id = any("))
            .push_bind(ids)
            .push(")");
    }
    query.push("))");
}

pub(super) async fn lock_videos_named(
    executor: impl PgExecutor<'_>,
    maps: &[&str],
    keys: &EventKeys<'_>,
) -> Result<Vec<VideoRow>, sqlx::Error> {
    let mut query = QueryBuilder::new("select ");
    query.push(VideoTable::COLUMNS);
    push_named(&mut query, maps, keys);
    query.push(" order by id for update");
    query.build_query_as().fetch_all(executor).await
}

/// Returns the videos with these ids, locked, in the order of ids.
pub(super) async fn lock_videos(
    executor: impl PgExecutor<'_>,
    ids: &[Uuid],
) -> Result<Vec<VideoRow>, sqlx::Error> {
    let sql = format!(
        "select {} from videos where id = any($1) order by id for update",
        VideoTable::COLUMNS
    );
    sqlx::query_as(AssertSqlSafe(sql))
        .bind(ids)
        .fetch_all(executor)
        .await
}

/// Writes new videos, whose ids at their provider are not known yet; all or none.
pub(in crate::store) async fn insert_videos(
    executor: impl PgExecutor<'_>,
    videos: &[&Video],
) -> Result<(), sqlx::Error> {
    let mut query = QueryBuilder::new("insert into videos (");
    query
        .push(VideoTable::NAMES)
        .push(", lease_until_s) select *, 0 from (select ");
    VideoTable::push_arrays(&mut query, Columns::All, videos);
    query.push(") as new");
    query.build().execute(executor).await.map(drop)
}

/// Pushes the part `changed` of a statement: it updates the rows that still have the revision before, and returns their
/// ids.
///
/// `from` is a part that stands before `changed` and is joined to it, or empty; `and` is a further condition.
pub(super) fn push_changed(
    query: &mut QueryBuilder<Postgres>,
    changes: &[&VideoChange],
    columns: Columns,
    from: &str,
    and: &str,
) {
    let after: Vec<&Video> = changes.iter().map(|change| &change.after).collect();
    let ids: Vec<Uuid> = after.iter().map(|video| video.id).collect();
    let revisions: Vec<i64> = changes.iter().map(|change| change.before.revision).collect();
    query
        .push("changed as (update videos set ")
        .push(VideoTable::assignments(columns))
        .push(" from ")
        .push(from)
        .push("(select unnest(")
        .push_bind(ids)
        .push("::uuid[]) as key, unnest(")
        .push_bind(revisions)
        .push("::bigint[]) as before, ");
    VideoTable::push_arrays(query, columns, &after);
    query
        .push(") as new where videos.id = new.key and videos.revision = new.before")
        .push(and)
        .push(" returning videos.id)");
}

/// Writes `columns` of the rows that still have the revision before, and what follows; returns the ids of the videos
/// that were written.
pub(in crate::store) async fn update_videos(
    executor: impl PgExecutor<'_>,
    changes: &[&VideoChange],
    columns: Columns,
    locking: Locking,
    side_effects: &SideEffects<'_>,
) -> Result<HashSet<Uuid>, sqlx::Error> {
    let mut query = QueryBuilder::new("with ");
    match locking {
        Locking::Wait => push_changed(&mut query, changes, columns, "", ""),
        Locking::Skip => {
            let ids: Vec<Uuid> = changes.iter().map(|change| change.after.id).collect();
            query
                .push("held as materialized (select id from videos where id = any(")
                .push_bind(ids)
                .push(") for update skip locked), ");
            push_changed(&mut query, changes, columns, "held, ", " and videos.id = held.id");
        }
    }
    side_effects.push_to(&mut query);
    query.push(format_args!(" select {WRITTEN_IDS} from changed"));
    let row = query.build().fetch_one(executor).await?;
    Ok(row.try_get::<Vec<Uuid>, _>(0)?.into_iter().collect())
}

pub(super) async fn insert_ids(executor: impl PgExecutor<'_>, ids: &[NewId<'_>]) -> Result<(), StoreError> {
    let mut query = QueryBuilder::new("insert into provider_ids (");
    query.push(IdTable::NAMES).push(") select ");
    IdTable::push_arrays(&mut query, Columns::All, &ids.iter().collect::<Vec<_>>());
    let inserted = query.build().execute(executor).await;
    inserted.map(drop).map_err(StoreError::from_write)
}
