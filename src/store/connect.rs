//! Opening the database and bringing its tables up to date.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, PgPool};

use super::feed::Feed;
use super::kept::Kept;
use super::outbox::Outbox;
use super::outcomes::Outcomes;
use super::take_in::Way;
use super::together::Together;
use super::{Pool, Store, StoreError, on_pool};
use crate::chain::Chain;
use crate::config::Database;

/// How long a server is given to say why it lets nobody in.
const PROBED_FOR: Duration = Duration::from_secs(2);

/// A connection that was used so lately is believed to be there still.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// What was found of migrations, and done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migrations {
    /// Known to this program.
    pub known: usize,
    /// Applied: by this call, or at all.
    pub applied: usize,
}

impl Store {
    /// Connects; on SQLite makes the folder and the file.
    ///
    /// # Errors
    /// The URL is bad, or nobody answers within five seconds.
    pub async fn connect(settings: &Database) -> Result<Self, StoreError> {
        if settings.is_sqlite() {
            Self::open_sqlite(settings).await
        } else {
            Self::open_postgres(settings).await
        }
    }

    async fn open_postgres(settings: &Database) -> Result<Self, StoreError> {
        let options = PgConnectOptions::from_str(&settings.url)
            .map_err(|_| StoreError::BadUrl("is not a PostgreSQL URL".to_owned()))?
            .application_name("yourbit-video");
        let pool = PgPoolOptions::new()
            .max_connections(settings.max_connections)
            .acquire_timeout(Duration::from_secs(3))
            // A question before each use would double the round trips.
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for > TRUSTED_FOR {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_with(options.clone())
            .await;
        let pool = match pool {
            Ok(pool) => pool,
            Err(error) => return Err(unreachable(&options, error).await),
        };
        let outbox = Outbox::default();
        Ok(Self {
            together: Some(Together::start(&beside(&pool, Together::CONNECTIONS), &outbox)),
            readers: Pool::Postgres(pool.clone()),
            writer: Pool::Postgres(pool),
            feed: Feed::default(),
            outbox,
            outcomes: Outcomes::default(),
        })
    }

    /// What one of the lanes that take webhook events in reads and writes through; called on its runtime.
    pub(super) fn way(&self) -> Way {
        match &self.readers {
            Pool::Postgres(all) => Way::Postgres(Kept::of(beside(all, 1))),
            Pool::Sqlite(readers) => Way::Sqlite(readers.clone()),
        }
    }

    async fn open_sqlite(settings: &Database) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::from_str(&settings.url)
            .map_err(|_| StoreError::BadUrl("is not a SQLite URL such as sqlite://data/video.db".to_owned()))?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5));
        if let Some(folder) = options
            .get_filename()
            .parent()
            .filter(|folder| *folder != Path::new(""))
        {
            crate::private::make_folder(folder)
                .map_err(|error| StoreError::BadUrl(format!("cannot make {}: {error}", folder.display())))?;
        }
        if !settings.url.contains(":memory:") {
            let file = options.get_filename();
            crate::private::settle_database(file)
                .map_err(|error| StoreError::BadUrl(format!("cannot make {}: {error}", file.display())))?;
        }
        let pool = |connections| {
            SqlitePoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(Duration::from_secs(3))
        };
        // A commit that fails for want of space ends the transaction, but leaves the driver believing in it: such a
        // connection would refuse every further `begin`.
        let writer = pool(1)
            .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
            .connect_with(options.clone())
            .await?;
        let readers = pool(settings.max_connections)
            .connect_with(options.read_only(true))
            .await?;
        Ok(Self {
            together: None,
            readers: Pool::Sqlite(readers),
            writer: Pool::Sqlite(writer),
            feed: Feed::default(),
            outbox: Outbox::default(),
            outcomes: Outcomes::default(),
        })
    }

    /// Applies what is missing. Replicas that start together wait for each other.
    ///
    /// # Errors
    /// A migration fails, or the database has one that this program does not know in a changed form.
    pub async fn migrate(&self) -> Result<Migrations, StoreError> {
        let before = self.applied_migrations().await.unwrap_or(0);
        on_pool!(&self.writer, |pool| migrator().run(pool).await)?;
        let known = MIGRATIONS.iter().count();
        Ok(Migrations {
            known,
            applied: known.saturating_sub(before),
        })
    }

    /// Whether every migration that this program knows is applied.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub async fn is_migrated(&self) -> Result<bool, StoreError> {
        Ok(self.applied_migrations().await? >= MIGRATIONS.iter().count())
    }

    /// Whether the database can be written to and every migration is applied.
    pub async fn is_ready(&self) -> bool {
        match self.is_migrated().await {
            Ok(migrated) => migrated && self.can_write().await,
            Err(error) => {
                tracing::warn!(
                    error = %Chain(&error),
                    "the database does not answer"
                );
                false
            }
        }
    }

    /// How many migrations this program knows, and how many are applied; none on an empty database.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub async fn migrations(&self) -> Result<Migrations, StoreError> {
        let known = MIGRATIONS.iter().count();
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

    /// The database's name and version, for people.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub async fn version(&self) -> Result<String, StoreError> {
        let (name, query) = match self.readers {
            Pool::Postgres(_) => ("PostgreSQL", "select current_setting('server_version')"),
            Pool::Sqlite(_) => ("SQLite", "select sqlite_version()"),
        };
        let version: String = on_pool!(&self.readers, |pool| sqlx::query_scalar(query)
            .fetch_one(pool)
            .await)?;
        Ok(format!("{name} {version}"))
    }

    async fn applied_migrations(&self) -> Result<usize, StoreError> {
        let count: i64 = on_pool!(&self.readers, |pool| {
            sqlx::query_scalar("select count(*) from _sqlx_migrations where success")
                .fetch_one(pool)
                .await
        })?;
        Ok(usize::try_from(count).unwrap_or_default())
    }

    /// Closes every connection; open transactions finish first.
    pub async fn close(&self) {
        on_pool!(&self.readers, |pool| pool.close().await);
        on_pool!(&self.writer, |pool| pool.close().await);
    }
}

impl Store {
    /// Takes a write that means nothing: a full or read-only database refuses it. The value differs from time to time:
    /// SQLite writes no page whose bytes stay as they were.
    async fn can_write(&self) -> bool {
        let written = on_pool!(&self.writer, |pool| {
            sqlx::query(
                "insert into secrets (name, value) values ('write-probe', $1) on conflict (name) do update \
                 set value = case when secrets.value = excluded.value then $2 else excluded.value end",
            )
            .bind([0_u8].as_slice())
            .bind([1_u8].as_slice())
            .execute(pool)
            .await
            .map(drop)
        });
        if let Err(error) = &written {
            tracing::warn!(
                error = %Chain(error),
                "the database takes no writes"
            );
        }
        written.is_ok()
    }
}

/// Connections beside those of `all`, opened when they are needed by the runtime that this is called on, and closed with
/// the others. They are for the few statements that run all day and find their rows by key: each is planned once a
/// connection, whatever its values and however small the tables are then. Left to itself PostgreSQL plans a statement
/// with a short array anew each time, which takes it longer than the statement itself.
fn beside(all: &PgPool, connections: u32) -> PgPool {
    let options = all
        .options()
        .clone()
        .min_connections(0)
        .max_connections(connections)
        .after_connect(|connection, _| {
            Box::pin(async move {
                let plans =
                    sqlx::raw_sql("set plan_cache_mode = force_generic_plan; set enable_seqscan = off");
                plans.execute(connection).await.map(drop)
            })
        });
    let own = options.connect_lazy_with((*all.connect_options()).clone());
    let (closed, closing) = (all.close_event(), own.clone());
    tokio::spawn(async move {
        closed.await;
        closing.close().await;
    });
    own
}

/// Why there is no connection. A pool only says that it waited in vain, so the server is asked once without one.
async fn unreachable(options: &PgConnectOptions, error: sqlx::Error) -> StoreError {
    let cause = match error {
        sqlx::Error::PoolTimedOut => match tokio::time::timeout(PROBED_FOR, options.connect()).await {
            Ok(Ok(_)) => "it gave no connection in time".to_owned(),
            Ok(Err(error)) => Chain(&error).to_string(),
            Err(_) => "it does not answer".to_owned(),
        },
        error => Chain(&error).to_string(),
    };
    let place = match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => format!("{}:{}", options.get_host(), options.get_port()),
    };
    let name = options.get_database().unwrap_or(options.get_username());
    StoreError::Unreachable {
        place: format!("{place}/{name}"),
        cause,
    }
}

/// A newer release may have applied migrations that this one does not know: it must still run beside it.
fn migrator() -> Migrator {
    let mut migrator = Migrator::with_migrations(MIGRATIONS.iter().cloned().collect());
    migrator.set_ignore_missing(true);
    migrator
}
