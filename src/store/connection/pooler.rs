//! Finds out what stands between this process and PostgreSQL.

use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection, Row};
use tokio::time::timeout;

/// The timeout of the detection.
// Why: a pooler in session mode with a single connection never answers the second client.
const DETECT_TIMEOUT: Duration = Duration::from_secs(3);
/// The number of rounds of [`shares_sessions`].
// Why several: another client may use the server connection that would have shown it.
const ROUNDS: usize = 3;

/// Returns whether server connections are handed from one client to another between transactions.
///
/// A client has no session of its own where two transactions of it run in different server processes, or where its
/// process serves another client while it is still connected. Without a pooler, or with one in session mode, neither
/// happens.
pub(in crate::store) async fn shares_sessions(options: &PgConnectOptions) -> bool {
    let look = async {
        let (mut one, mut other) = (options.connect().await?, options.connect().await?);
        let mut shared = false;
        for _ in 0..ROUNDS {
            shared = shared || share_a_process(&mut one, &mut other).await?;
        }
        one.close().await?;
        other.close().await?;
        Ok::<bool, sqlx::Error>(shared)
    };
    matches!(timeout(DETECT_TIMEOUT, look).await, Ok(Ok(true)))
}

async fn share_a_process(one: &mut PgConnection, other: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let first = server_process(one).await?;
    let mut held = other.begin().await?;
    let shared = server_process(&mut held).await? == first || server_process(one).await? != first;
    held.rollback().await?;
    Ok(shared)
}

async fn server_process(connection: &mut PgConnection) -> Result<i32, sqlx::Error> {
    let row = sqlx::raw_sql("select pg_backend_pid()")
        .fetch_one(connection)
        .await?;
    row.try_get(0)
}

/// Returns the name of the database and the start time of its server, which together identify it.
///
/// # Errors
/// It cannot be reached.
pub(in crate::store) async fn database_of(options: &PgConnectOptions) -> Result<String, sqlx::Error> {
    let mut connection = options.connect().await?;
    let named = sqlx::raw_sql("select concat_ws(' ', current_database(), pg_postmaster_start_time())");
    let row = named.fetch_one(&mut connection).await?;
    connection.close().await?;
    row.try_get(0)
}

/// Returns whether a pooler carries prepared statements from one server connection to another. It then gives each a
/// name of its own. (`PgBouncer` does so from 1.21 on, where `max_prepared_statements` is above 0.)
///
/// # Errors
/// Another failure than that of a name which is taken.
pub(in crate::store) async fn carries_statements(options: &PgConnectOptions) -> Result<bool, sqlx::Error> {
    let mut connection = options.connect().await?;
    let mut tx = connection.begin().await?;
    let ours = sqlx::query_scalar::<_, String>(
        "select name from pg_prepared_statements where strpos(statement, 'yourbit-video looks for a pooler') > 0 \
         and name like 'sqlx\\_s\\_%'",
    );
    let ours = match ours.fetch_all(&mut *tx).await {
        Ok(names) => names,
        // The name is another client's, on this server connection: the pooler does not keep them apart.
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("42P05") => return Ok(false),
        Err(error) => return Err(error),
    };
    for name in &ours {
        // Why: the statement must not stay for the next client.
        let drop = format!("deallocate \"{name}\"");
        sqlx::raw_sql(sqlx::AssertSqlSafe(drop)).execute(&mut *tx).await?;
    }
    tx.commit().await?;
    Ok(ours.is_empty())
}
