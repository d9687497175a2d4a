//! What is in the database, read past the service.

use std::collections::HashMap;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, PgPool, SqlitePool};
use uuid::Uuid;

/// The drill's own connection.
pub(crate) enum Rows {
    Postgres(PgPool),
    Sqlite(SqlitePool),
}

macro_rules! on {
    ($rows:expr, |$pool:ident| $body:expr) => {
        match $rows {
            Rows::Postgres($pool) => $body,
            Rows::Sqlite($pool) => $body,
        }
    };
}

impl Rows {
    pub(crate) async fn of(url: &str) -> Self {
        if url.starts_with("sqlite:") {
            let options: SqliteConnectOptions = url.parse().unwrap();
            Self::Sqlite(SqlitePool::connect_with(options).await.unwrap())
        } else {
            Self::Postgres(PgPool::connect(url).await.unwrap())
        }
    }

    /// Event id → how often it is in the inbox.
    pub(crate) async fn inbox(&self) -> HashMap<String, i64> {
        let sql = "select event_id, count(*) from webhook_events group by event_id";
        let rows: Vec<(String, i64)> = on!(self, |pool| sqlx::query_as(sql).fetch_all(pool).await.unwrap());
        rows.into_iter().collect()
    }

    /// State → how many events are in it.
    pub(crate) async fn states(&self) -> HashMap<String, i64> {
        let sql = "select state, count(*) from webhook_events group by state";
        let rows: Vec<(String, i64)> = on!(self, |pool| sqlx::query_as(sql).fetch_all(pool).await.unwrap());
        rows.into_iter().collect()
    }

    /// Video → its shown status.
    pub(crate) async fn videos(&self) -> HashMap<Uuid, String> {
        let sql = "select id, status from videos";
        let rows: Vec<(Uuid, String)> = on!(self, |pool| sqlx::query_as(sql).fetch_all(pool).await.unwrap());
        rows.into_iter().collect()
    }

    /// What the application is owed or has been told: message id, video, state; each video's in order.
    pub(crate) async fn outgoing(&self) -> Vec<(String, Uuid, String)> {
        let sql = "select event_id, video_id, state from outgoing_events order by video_id, version, id";
        let rows: Vec<(Uuid, Uuid, String)> =
            on!(self, |pool| sqlx::query_as(sql).fetch_all(pool).await.unwrap());
        let with_id =
            |(event, video, state): (Uuid, Uuid, String)| (format!("msg_{}", event.simple()), video, state);
        rows.into_iter().map(with_id).collect()
    }

    /// The hours pass until everything that the application is owed is tried again.
    pub(crate) async fn hours_pass(&self) {
        self.run(
            "update outgoing_events set next_attempt_at = created_at, lease_until_s = 0 where state = 'pending'",
        )
        .await;
    }

    /// One number.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let sql = AssertSqlSafe(sql.to_owned());
        on!(self, |pool| sqlx::query_scalar(sql)
            .fetch_one(pool)
            .await
            .unwrap())
    }

    pub(crate) async fn run(&self, sql: &str) {
        let sql = AssertSqlSafe(sql.to_owned());
        on!(self, |pool| drop(sqlx::raw_sql(sql).execute(pool).await.unwrap()));
    }

    /// The minutes pass that leases last: those of the dead end.
    pub(crate) async fn end_leases(&self) {
        self.run("update videos set lease_until_s = 0").await;
        self.run("delete from leases").await;
        self.run(
            "update webhook_events set next_attempt_at = received_at \
             where state = 'pending' and next_attempt_at > received_at",
        )
        .await;
    }
}
