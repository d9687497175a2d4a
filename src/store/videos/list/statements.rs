//! The parts of the statements that read lists.

use sqlx::QueryBuilder;
use uuid::Uuid;

use super::filter::{ListOrder, Stream, VideoFilter};
use crate::store::folding::fold_text;
use crate::store::statements::Dialect;

/// Pushes `select … from videos where …`: the rows of the stream within the times and behind the cursor of the filter.
pub(super) fn push_stream<DB>(
    query: &mut QueryBuilder<DB>,
    what: &str,
    filter: &VideoFilter,
    stream: &Stream<'_>,
    dialect: &Dialect,
) where
    DB: sqlx::Database,
    for<'q> Uuid: sqlx::Encode<'q, DB> + sqlx::Type<DB>,
    for<'q> String: sqlx::Encode<'q, DB> + sqlx::Type<DB>,
{
    query.push("select ").push(what).push(" from videos");
    if let Some(index) = stream.index().filter(|_| !dialect.index_by_order) {
        // Why by name: SQLite takes another one whose columns and bounds count as many.
        query.push(" indexed by ").push(index);
    }
    query.push(" where status <> 'deleted'");
    for (index, (column, value)) in stream.keys().into_iter().enumerate() {
        if index == 0 && dialect.index_by_order {
            query.push(format_args!(" and {column} = any(array["));
            query.push_bind(value.to_owned()).push("])");
        } else {
            push_equal(query, column, Some(value));
        }
    }
    push_range(query, filter.id_range(stream.until));
}

/// Pushes ` and …` for the ids from the first one to the last.
pub(super) fn push_range<DB>(query: &mut QueryBuilder<DB>, (first, last): (Uuid, Uuid))
where
    DB: sqlx::Database,
    for<'q> Uuid: sqlx::Encode<'q, DB> + sqlx::Type<DB>,
{
    query.push(" and id >= ").push_bind(first);
    query.push(" and id <= ").push_bind(last);
}

/// Pushes ` and …` that leaves hidden rows out ([`Video::replaces`](crate::domain::Video::replaces)).
// Why not with every stream: what reads ids alone, and many, never looks at the rows but for this.
pub(super) fn push_visible<DB: sqlx::Database>(query: &mut QueryBuilder<DB>) {
    query.push(" and replaces is null");
}

/// Pushes ` and …` for the parts of the filter that the stream does not have, and for the rows that callers see.
pub(super) fn push_filter<DB>(
    query: &mut QueryBuilder<DB>,
    filter: &VideoFilter,
    stream: &Stream<'_>,
    dialect: &Dialect,
) where
    DB: sqlx::Database,
    for<'q> &'q str: sqlx::Encode<'q, DB> + sqlx::Type<DB>,
    for<'q> Uuid: sqlx::Encode<'q, DB> + sqlx::Type<DB>,
    for<'q> String: sqlx::Encode<'q, DB> + sqlx::Type<DB>,
{
    push_visible(query);
    if stream.external_id.is_none() {
        push_equal(query, "external_id", filter.external_id.as_deref());
    }
    if stream.provider.is_none() {
        push_equal(query, "provider", filter.provider.as_deref());
    }
    if stream.status.is_none() && !filter.statuses.is_empty() {
        query.push(" and status in (");
        let mut list = query.separated(", ");
        for status in &filter.statuses {
            list.push_bind(status.as_str());
        }
        query.push(")");
    }
    if let Some(text) = &filter.text {
        query
            .push(format_args!(
                " and ((title_folded_of = title and {}(title_folded, ",
                dialect.position
            ))
            .push_bind(fold_text(text))
            .push(") > 0)");
        if let Ok(id) = text.parse::<Uuid>() {
            query.push(" or id = ").push_bind(id);
        }
        for column in ["upload_id", "asset_id", "external_id", dialect.playback_id] {
            query.push(format_args!(" or {column} = ")).push_bind(text);
        }
        query.push(")");
    }
}

/// Pushes ` and …` for the value of a column, where there is one.
fn push_equal<DB>(query: &mut QueryBuilder<DB>, column: &'static str, value: Option<&str>)
where
    DB: sqlx::Database,
    for<'q> String: sqlx::Encode<'q, DB> + sqlx::Type<DB>,
{
    if let Some(value) = value {
        query
            .push(format_args!(" and {column} = "))
            .push_bind(value.to_owned());
    }
}

/// Pushes the order of the filter, by the first column of an index before the id. It has one value, so the order is that
/// of ids.
pub(super) fn push_order<DB: sqlx::Database>(
    query: &mut QueryBuilder<DB>,
    filter: &VideoFilter,
    leading: Option<&'static str>,
    limit: i64,
) {
    let order = match filter.order {
        ListOrder::Newest => "desc",
        ListOrder::Oldest => "asc",
    };
    query.push(" order by ");
    if let Some(column) = leading {
        query.push(format_args!("{column} {order}, "));
    }
    // Why no parameter: the databases plan a small page otherwise than one of unknown size.
    query.push(format_args!("id {order} limit {limit}"));
}
