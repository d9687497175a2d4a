//! Bringing the tables up to date.
//!
//! `NNNN_<what>.sql` is for both databases; where they differ there are two files, `NNNN_<what>.postgres.sql` and
//! `NNNN_<what>.sqlite.sql`. One that begins with `-- no-transaction` is a single statement outside a transaction, such
//! as an index on a big table; it is applied after all others, and must be safe to run again.

use std::time::Duration;

use sqlx::migrate::{Migration, Migrator};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, SqlSafeStr};

use super::connect::unreachable;
use super::{Pool, Store, StoreError, on_pool};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// The advisory lock of those who apply migrations outside a transaction: `yourbitv` in ASCII.
const LOCK: i64 = 0x796f_7572_6269_7476;
/// Between two tries to take it.
const TRY_EVERY: Duration = Duration::from_millis(200);

/// What was found of migrations, and done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migrations {
    /// Known to this program.
    pub known: usize,
    /// Applied: by this call, or at all.
    pub applied: usize,
}

impl Store {
    /// Applies what is missing, on PostgreSQL through `database.direct_url` where it is set: the locks that let replicas
    /// which start together wait for each other are the session's.
    ///
    /// # Errors
    /// A migration fails, or the database has one that this program does not know in a changed form.
    pub async fn migrate(&self) -> Result<Migrations, StoreError> {
        let before = self.applied_migrations().await.unwrap_or(0);
        match &self.writer {
            Pool::Sqlite(pool) => self.migrator(|_| true).run(pool).await?,
            Pool::Postgres(pool) => match &self.direct {
                Some(direct) => self.migrate_postgres(&direct.0).await?,
                None => self.migrate_postgres(&pool.connect_options()).await?,
            },
        }
        let known = self.known_migrations();
        Ok(Migrations {
            known,
            applied: known.saturating_sub(before),
        })
    }

    async fn migrate_postgres(&self, options: &PgConnectOptions) -> Result<(), StoreError> {
        let mut connection = match options.connect().await {
            Ok(connection) => connection,
            Err(error) => return Err(unreachable(options, error).await),
        };
        self.migrator(|one| !one.no_tx).run(&mut connection).await?;
        let mut rest = self.migrator(|one| one.no_tx);
        lock(&mut connection).await?;
        drop_unfinished_indexes(&mut connection, &rest).await?;
        rest.set_locking(false).run(&mut connection).await?;
        Ok(connection.close().await?)
    }

    /// Whether every migration that this program knows is applied.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub async fn is_migrated(&self) -> Result<bool, StoreError> {
        Ok(self.applied_migrations().await? >= self.known_migrations())
    }

    /// How many migrations this program knows, and how many are applied; none on an empty database.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub async fn migrations(&self) -> Result<Migrations, StoreError> {
        let known = self.known_migrations();
        let tables = match self.readers {
            Pool::Postgres(_) => {
                "select count(*) from pg_tables where tablename = '_sqlx_migrations' and schemaname = any(current_schemas(false))"
            }
            Pool::Sqlite(_) => "select count(*) from sqlite_master where name = '_sqlx_migrations'",
        };
        let found: i64 = on_pool!(&self.readers, |pool| sqlx::query_scalar(tables)
            .fetch_one(pool)
            .await)?;
        let applied = if found == 0 {
            0
        } else {
            self.applied_migrations().await?
        };
        Ok(Migrations { known, applied })
    }

    async fn applied_migrations(&self) -> Result<usize, StoreError> {
        let count: i64 = on_pool!(&self.readers, |pool| {
            sqlx::query_scalar("select count(*) from _sqlx_migrations where success")
                .fetch_one(pool)
                .await
        })?;
        Ok(usize::try_from(count).unwrap_or_default())
    }

    fn known_migrations(&self) -> usize {
        migrations_of(self.kind()).count()
    }

    /// A newer release may have applied migrations that this one does not know: it must still run beside it.
    fn migrator(&self, which: impl Fn(&Migration) -> bool) -> Migrator {
        let chosen = migrations_of(self.kind()).filter(|one| which(one)).cloned();
        let mut migrator = Migrator::with_migrations(chosen.collect());
        migrator.set_ignore_missing(true);
        migrator
    }
}

/// Those of one kind of database: of both, or with its name behind a dot.
fn migrations_of(kind: &'static str) -> impl Iterator<Item = &'static Migration> {
    MIGRATIONS.iter().filter(move |one| {
        one.description
            .rsplit_once('.')
            .is_none_or(|(_, only)| only == kind)
    })
}

/// Waits until no other replica applies such migrations. The session's end frees the lock.
// Why: the lock is polled. A statement that waits for it has a snapshot, and an index that is made concurrently waits for
// every snapshot: the two would wait for each other.
async fn lock(connection: &mut PgConnection) -> Result<(), StoreError> {
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
