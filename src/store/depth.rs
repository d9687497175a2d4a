//! The depths of the queues, and the use of the pools. Reads are bounded and run along an index, whatever the tables
//! hold.

use chrono::{DateTime, Utc};
use sqlx::AssertSqlSafe;

use super::database::{Pool, on_pool};
use super::error::StoreError;
use super::handle::Store;
use crate::domain::{EventState, OutgoingState};

/// The greatest number of rows that are counted.
const MAX_COUNT: i64 = 100_000;

/// The depth of one queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// The number of rows, counted no further than the limit of the query.
    pub count: i64,
    /// The time of the oldest row.
    pub oldest: Option<DateTime<Utc>>,
}

/// The depths of all queues.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Depths {
    /// Webhook events that are not applied, by state: pending, parked, failed and given up.
    pub inbox: Vec<(EventState, Depth)>,
    /// Outgoing events that are not delivered yet.
    pub outbox: Depth,
}

/// The use of one pool's connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolUse {
    /// `all`, or on SQLite `readers` and `writer`.
    pub name: &'static str,
    /// Open connections.
    pub open: usize,
    /// Open connections that are not in use.
    pub idle: usize,
    /// The greatest number of connections.
    pub most: usize,
}

/// Selects count and time of the oldest event in a state; `rest` are the other words of the statement.
// Why ordered by id: the index of states has that order, which is the order of making, and PostgreSQL does not read the
// table then.
fn state_depth(table: &str, state: &str, usual: &str, time: &str) -> String {
    // Why twice: that the event is not in the usual state must stand in the text, since the index has no such ones.
    let is = format!("state = '{state}' and state <> '{usual}'");
    format!(
        "select (select count(*) from (select id from {table} where {is} order by id limit $1) few), \
         (select {time} from {table} where {is} order by id limit 1)"
    )
}

fn inbox_depth(state: EventState) -> String {
    let usual = EventState::Applied.as_str();
    state_depth("webhook_events", state.as_str(), usual, "received_at")
}

fn outbox_depth(state: OutgoingState) -> String {
    let usual = OutgoingState::Delivered.as_str();
    state_depth("outgoing_events", state.as_str(), usual, "created_at")
}

/// The states of webhook events that are not at their end, or that wait for a person.
const OPEN_INBOX: [EventState; 4] = [
    EventState::Pending,
    EventState::Parked,
    EventState::Failed,
    EventState::GivenUp,
];

/// Selects count and time of the oldest pending event, along the index `outgoing_events_pending`.
const OUTBOX_DEPTH: &str = "select count(*), min(since) from \
     (select since from outgoing_events where state = 'pending' limit $1) few";

impl Store {
    /// Returns the [`Depths`] of the queues now.
    ///
    /// # Errors
    /// The database fails.
    pub async fn queue_depths(&self) -> Result<Depths, StoreError> {
        let inbox = self.inbox_depths(MAX_COUNT).await?;
        let (count, oldest) = on_pool!(&self.readers, |pool| {
            sqlx::query_as(OUTBOX_DEPTH).bind(MAX_COUNT).fetch_one(pool).await
        })?;
        let outbox = Depth { count, oldest };
        Ok(Depths { inbox, outbox })
    }

    /// Returns the depths of the inbox, each counted up to `most`.
    ///
    /// # Errors
    /// The database fails.
    pub async fn inbox_depths(&self, most: i64) -> Result<Vec<(EventState, Depth)>, StoreError> {
        let mut depths = Vec::with_capacity(OPEN_INBOX.len());
        for state in OPEN_INBOX {
            depths.push((state, self.read_depth(inbox_depth(state), most).await?));
        }
        Ok(depths)
    }

    /// Returns the depths of the outbox, pending and given up, each counted up to `most`.
    ///
    /// # Errors
    /// The database fails.
    pub async fn outbox_depths(&self, most: i64) -> Result<Vec<(OutgoingState, Depth)>, StoreError> {
        let mut depths = Vec::with_capacity(2);
        for state in [OutgoingState::Pending, OutgoingState::GivenUp] {
            depths.push((state, self.read_depth(outbox_depth(state), most).await?));
        }
        Ok(depths)
    }

    async fn read_depth(&self, sql: String, most: i64) -> Result<Depth, StoreError> {
        let (count, oldest) = on_pool!(&self.readers, |pool| {
            sqlx::query_as(AssertSqlSafe(sql))
                .bind(most)
                .fetch_one(pool)
                .await
        })?;
        Ok(Depth { count, oldest })
    }

    /// Returns the [`PoolUse`] of each pool now.
    pub fn pool_usage(&self) -> Vec<PoolUse> {
        if self.has_replicas() {
            vec![self.writer.usage("all")]
        } else {
            vec![self.readers.usage("readers"), self.writer.usage("writer")]
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
            outbox_depth(OutgoingState::GivenUp),
            OUTBOX_DEPTH.to_owned(),
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
        assert_eq!(store.queue_depths().await.unwrap().outbox, Depth::default());
    }
}
