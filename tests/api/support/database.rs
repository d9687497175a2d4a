//! A fresh database for each test.

use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use tempfile::TempDir;

/// Which database a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Db {
    Sqlite,
    Postgres,
}

/// An empty database; the SQLite file goes with the value, PostgreSQL's cluster is a throw-away anyway.
pub(crate) struct TestDatabase {
    pub(crate) url: String,
    _folder: TempDir,
}

impl TestDatabase {
    pub(crate) async fn make(db: Db) -> Self {
        match db {
            Db::Postgres => Self::at(&make_postgres().await),
            Db::Sqlite => {
                let folder = TempDir::new().unwrap();
                let url = format!("sqlite://{}/test.db", folder.path().display());
                Self { url, _folder: folder }
            }
        }
    }

    /// One that is there already.
    pub(crate) fn at(url: &str) -> Self {
        let (url, folder) = (url.to_owned(), TempDir::new().unwrap());
        Self { url, _folder: folder }
    }
}

impl TestDatabase {
    /// Runs statements past the service, as another release would.
    pub(crate) async fn run(&self, sql: &str) {
        let sql = AssertSqlSafe(sql.to_owned());
        if self.url.starts_with("sqlite:") {
            let mut connection = SqliteConnection::connect(&self.url).await.unwrap();
            sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        } else {
            let mut connection = PgConnection::connect(&self.url).await.unwrap();
            sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        }
    }
}

impl TestDatabase {
    /// Counts the rows of a table.
    pub(crate) async fn count(&self, table: &str) -> i64 {
        let sql = AssertSqlSafe(format!("select count(*) from {table}"));
        if self.url.starts_with("sqlite:") {
            let mut connection = SqliteConnection::connect(&self.url).await.unwrap();
            sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
        } else {
            let mut connection = PgConnection::connect(&self.url).await.unwrap();
            sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
        }
    }

    /// Runs statements as [`run`](Self::run) does, in a transaction that is committed a second later: videos that are
    /// written meanwhile wait for it.
    pub(crate) async fn run_slowly(&self, sql: &str) {
        let second = std::time::Duration::from_secs(1);
        if self.url.starts_with("sqlite:") {
            let mut connection = SqliteConnection::connect(&self.url).await.unwrap();
            let sql = AssertSqlSafe(format!("begin immediate; {sql}"));
            sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
            tokio::time::sleep(second).await;
            sqlx::raw_sql("commit").execute(&mut connection).await.unwrap();
        } else {
            let mut connection = PgConnection::connect(&self.url).await.unwrap();
            let sql = AssertSqlSafe(format!("begin; lock table videos in exclusive mode; {sql}"));
            sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
            tokio::time::sleep(second).await;
            sqlx::raw_sql("commit").execute(&mut connection).await.unwrap();
        }
    }
}

async fn make_postgres() -> String {
    let server =
        std::env::var("TEST_POSTGRES_URL").expect("start the tests by tests/run: it sets TEST_POSTGRES_URL");
    let name = format!("test_{}", hex::encode(rand::random::<[u8; 8]>()));
    let mut connection = PgConnection::connect(&format!("{server}/postgres"))
        .await
        .unwrap();
    sqlx::query(AssertSqlSafe(format!("create database {name}")))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    format!("{server}/{name}")
}
