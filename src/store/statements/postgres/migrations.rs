//! Migrations on PostgreSQL: replicas that start together wait for each other.

use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, SqlSafeStr};

use crate::store::connection::unreachable;
use crate::store::error::StoreError;
use crate::store::schema::build_migrator;

/// The advisory lock of those who apply migrations outside a transaction: `yourbitv` in ASCII.
const LOCK: i64 = 0x796f_7572_6269_7476;
/// Between two attempts to take it.
const TRY_EVERY: Duration = Duration::from_millis(200);

/// Applies what is missing, over one connection of its own:
///
/// 1. Those within a transaction, under `sqlx`'s own advisory lock.
/// 2. The lock of those outside a transaction is taken ([`LOCK`]); the session's end frees it.
/// 3. Indexes that an earlier attempt left unfinished are dropped.
/// 4. Those outside a transaction are applied. Each is safe to run again.
pub(super) async fn apply_migrations(options: &PgConnectOptions) -> Result<(), StoreError> {
    let mut connection = match options.connect().await {
        Ok(connection) => connection,
        Err(error) => return Err(unreachable(options, error).await),
    };
    build_migrator("postgres", |one| !one.no_tx)
        .run(&mut connection)
        .await?;
    let mut rest = build_migrator("postgres", |one| one.no_tx);
    wait_for_lock(&mut connection).await?;
    drop_unfinished_indexes(&mut connection, &rest).await?;
    rest.set_locking(false).run(&mut connection).await?;
    Ok(connection.close().await?)
}

/// Waits until no other replica applies such migrations. The session's end frees the lock.
// Why: the lock is polled. A statement that waits for it has a snapshot, and an index that is made concurrently waits
// for every snapshot: the two would wait for each other.
async fn wait_for_lock(connection: &mut PgConnection) -> Result<(), StoreError> {
    loop {
        let taken = sqlx::query_scalar("select pg_try_advisory_lock($1)").bind(LOCK);
        if taken.fetch_one(&mut *connection).await? {
            return Ok(());
        }
        tokio::time::sleep(TRY_EVERY).await;
    }
}

/// Drops the indexes of these migrations that were begun and not finished: `if not exists` would take them for whole.
async fn drop_unfinished_indexes(
    connection: &mut PgConnection,
    migrations: &Migrator,
) -> Result<(), StoreError> {
    for migration in migrations.iter() {
        let unfinished = sqlx::query_scalar(
            "select format('drop index concurrently if exists %I.%I', spaces.nspname, indexes.relname) \
             from pg_index join pg_class as indexes on indexes.oid = pg_index.indexrelid \
             join pg_namespace as spaces on spaces.oid = indexes.relnamespace \
             where not pg_index.indisvalid and spaces.nspname = any(current_schemas(false)) \
             and strpos($1, 'index concurrently if not exists ' || indexes.relname || ' ') > 0",
        );
        let unfinished: Vec<String> = unfinished
            .bind(migration.sql.as_str())
            .fetch_all(&mut *connection)
            .await?;
        for drop in unfinished {
            let drop = AssertSqlSafe(drop).into_sql_str();
            sqlx::raw_sql(drop).execute(&mut *connection).await?;
        }
    }
    Ok(())
}
