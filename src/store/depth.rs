//! How much waits, and since when: bounded reads along an index, whatever the tables hold.

use chrono::{DateTime, Utc};
use sqlx::AssertSqlSafe;

use super::{Pool, Store, StoreError, on_pool};
use crate::domain::EventState;

/// Rows that are counted; beyond that nobody needs to know more than "that many or more".
const MOST: i64 = 100_000;

/// How much waits, and since when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// 100,000 means that or more.
    pub count: i64,
    /// When the oldest came.
    pub oldest: Option<DateTime<Utc>>,
}

/// The queues.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Depths {
    /// Webhook events that are not through: pending, parked, failed and given up.
    pub inbox: Vec<(EventState, Depth)>,
    /// Events that the application is still to be told of.
    pub outbox: Depth,
}

/// The connections of one pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolUse {
    /// `all`, or on SQLite `readers` and `writer`.
    pub name: &'static str,
    /// Open connections.
    pub open: usize,
    /// Those that nobody uses now.
    pub idle: usize,
    /// How many there may be.
    pub most: usize,
}

/// Along `webhook_events_list`, whose order keeps PostgreSQL from reading the table where many wait: ids are made at the
/// receipt.
fn inbox_depth(state: EventState) -> String {
    let state = state.as_str();
    // That it is none of those applied must stand in the text: the index has none of them.
    let is = format!("state = '{state}' and state <> 'applied'");
    format!(
        "select (select count(*) from (select id from webhook_events where {is} order by id limit $1) few), \
         (select received_at from webhook_events where {is} order by id limit 1)"
    )
}
/// Along `outgoing_events_pending`, which holds no others.
const OUTBOX: &str = "select count(*), min(since) from \
     (select since from outgoing_events where state = 'pending' limit $1) few";

impl Store {
    /// How deep the queues are now.
    ///
    /// # Errors
    /// The database fails.
    pub async fn depths(&self) -> Result<Depths, StoreError> {
        let mut inbox = Vec::with_capacity(4);
        for state in [
            EventState::Pending,
            EventState::Parked,
            EventState::Failed,
            EventState::GivenUp,
        ] {
            let (count, oldest) = on_pool!(&self.readers, |pool| {
                let query = AssertSqlSafe(inbox_depth(state));
                sqlx::query_as(query).bind(MOST).fetch_one(pool).await
            })?;
            inbox.push((state, Depth { count, oldest }));
        }
        let (count, oldest) = on_pool!(&self.readers, |pool| {
            sqlx::query_as(OUTBOX).bind(MOST).fetch_one(pool).await
        })?;
        let outbox = Depth { count, oldest };
        Ok(Depths { inbox, outbox })
    }

    /// The connections as they are used now.
    pub fn pools(&self) -> Vec<PoolUse> {
        match &self.writer {
            Pool::Postgres(_) => vec![self.writer.usage("all")],
            Pool::Sqlite(_) => vec![self.readers.usage("readers"), self.writer.usage("writer")],
        }
    }
}

impl Pool {
    fn usage(&self, name: &'static str) -> PoolUse {
        on_pool!(self, |pool| PoolUse {
            name,
            open: usize::try_from(pool.size()).unwrap_or_default(),
            idle: pool.num_idle(),
            most: usize::try_from(pool.options().get_max_connections()).unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use sqlx::Row;

    use super::*;

    #[tokio::test]
    async fn depths_are_read_along_an_index() {
        let folder = tempfile::TempDir::new().unwrap();
        let url = format!("sqlite://{}/test.db", folder.path().display());
        let env = [("DATABASE_URL", url.as_str())].into_iter().collect();
        let settings = crate::config::load(None, &env).unwrap();
        let store = Store::connect(&settings.database).await.unwrap();
        store.migrate().await.unwrap();
        let Pool::Sqlite(pool) = &store.readers else {
            panic!("not SQLite");
        };
        for query in [
            inbox_depth(EventState::Pending),
            inbox_depth(EventState::Failed),
            OUTBOX.to_owned(),
        ] {
            let explained = format!("explain query plan {}", query.replace("$1", "9"));
            let rows = sqlx::query(AssertSqlSafe(explained))
                .fetch_all(pool)
                .await
                .unwrap();
            let steps: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
            let of_tables = steps
                .iter()
                .filter(|step| step.contains("_events") || step.contains("TEMP"));
            let bad: Vec<_> = of_tables.filter(|step| !step.contains("INDEX")).collect();
            assert!(bad.is_empty(), "{steps:?}");
        }
        assert_eq!(store.depths().await.unwrap().outbox, Depth::default());
    }
}
