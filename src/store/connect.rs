//! Opening the database.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection};

use super::feed::Feed;
use super::kept::Kept;
use super::open_uploads::OwnerLocks;
use super::outage::{Outage, place};
use super::outbox::Outbox;
use super::outcomes::Outcomes;
use super::route::{Connections, Route, Statements};
use super::take_in::Way;
use super::together::Together;
use super::{Direct, Pool, Store, StoreError, on_pool, pooler};
use crate::chain::Chain;
use crate::config::Database;

/// How long a server is given to say why it lets nobody in.
const PROBED_FOR: Duration = Duration::from_secs(2);

/// A connection that was used so lately is believed to be there still.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

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
        let options = postgres_options(&settings.url)
            .ok_or_else(|| StoreError::BadUrl("is not a PostgreSQL URL".to_owned()))?;
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
        let direct = direct_options(settings)?;
        let statements = statements(&options, direct.as_ref()).await?;
        let outage = Outage::of(&pool, options);
        let pool = Connections::new(pool, Route { statements, outage });
        let outbox = Outbox::default();
        Ok(Self {
            together: Some(Together::start(
                &beside(&pool, Together::CONNECTIONS, direct.is_none()),
                &outbox,
            )),
            readers: Pool::Postgres(pool.clone()),
            writer: Pool::Postgres(pool),
            feed: Feed::default(),
            outbox,
            outcomes: Outcomes::default(),
            direct: direct.map(Direct),
            owner_locks: OwnerLocks::default(),
        })
    }

    /// What one of the lanes that take webhook events in reads and writes through; called on its runtime.
    pub(super) fn way(&self) -> Way {
        match &self.readers {
            Pool::Postgres(all) => Way::Postgres(Kept::of(beside(all, 1, self.direct.is_none()))),
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
            direct: None,
            owner_locks: OwnerLocks::default(),
        })
    }

    /// Whether the database can be written to and every migration is applied.
    pub async fn is_ready(&self) -> bool {
        match self.is_migrated().await {
            Ok(migrated) => migrated && self.can_write().await,
            Err(error) => {
                error.log("the database does not answer");
                false
            }
        }
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

    /// Closes every connection; open transactions finish first.
    pub async fn close(&self) {
        on_pool!(&self.readers, |pool| pool.close().await);
        on_pool!(&self.writer, |pool| pool.close().await);
    }
}

impl Store {
    /// Takes a write that means nothing: a full or read-only database refuses it. The value differs from time to time:
    /// SQLite writes no page whose bytes stay as they were. There it is larger than what a request writes: on a disk that is
    /// nearly full a small write still succeeds.
    async fn can_write(&self) -> bool {
        let written = match &self.writer {
            Pool::Postgres(pool) => sqlx::query(
                "insert into secrets (name, value) values ('write-probe', $1) on conflict (name) do update \
                 set value = case when secrets.value = excluded.value then $2 else excluded.value end",
            )
            .bind([0_u8].as_slice())
            .bind([1_u8].as_slice())
            .execute(pool)
            .await
            .map(drop),
            Pool::Sqlite(pool) => sqlx::query(
                "insert into secrets (name, value) values ('write-probe', randomblob(131072)) \
                 on conflict (name) do update set value = excluded.value",
            )
            .execute(pool)
            .await
            .map(drop),
        };
        let written = written.map_err(StoreError::from);
        if let Err(error) = &written {
            error.log("the database takes no writes");
        }
        written.is_ok()
    }
}

/// Connections beside those of `all`, opened when they are needed by the runtime that this is called on, and closed with
/// the others. They are for the few statements that run all day and find their rows by key: each is planned once a
/// connection, whatever its values and however small the tables are then. Left to itself PostgreSQL plans a statement
/// with a short array anew each time, which takes it longer than the statement itself. Settings of a session are only
/// made where the sessions are `own`: through a pooler they would reach other applications.
fn beside(all: &Connections, connections: u32, own: bool) -> Connections {
    let mut options = all
        .options()
        .clone()
        .min_connections(0)
        .max_connections(connections);
    if own {
        options = options.after_connect(|connection, _| {
            Box::pin(async move {
                let plans =
                    sqlx::raw_sql("set plan_cache_mode = force_generic_plan; set enable_seqscan = off");
                plans.execute(connection).await.map(drop)
            })
        });
    }
    let beside = options.connect_lazy_with((*all.connect_options()).clone());
    let (closed, closing) = (all.close_event(), beside.clone());
    tokio::spawn(async move {
        closed.await;
        closing.close().await;
    });
    all.with_pool(beside)
}

fn postgres_options(url: &str) -> Option<PgConnectOptions> {
    let options = PgConnectOptions::from_str(url).ok()?;
    // Numbers travel in binary; a pooler that knows nothing of this setting would refuse us.
    Some(options.extra_float_digits(None).application_name("yourbit-video"))
}

/// `database.direct_url`, where it names another way than `database.url`.
fn direct_options(settings: &Database) -> Result<Option<PgConnectOptions>, StoreError> {
    if settings.direct_url.is_empty() || settings.direct_url == settings.url {
        return Ok(None);
    }
    let is_postgres = settings.direct_url.starts_with("postgres");
    let options = postgres_options(&settings.direct_url).filter(|_| is_postgres);
    options
        .map(Some)
        .ok_or_else(|| StoreError::BadDirectUrl("is not a PostgreSQL URL".to_owned()))
}

/// What statements through `url` may be, and whether what needs a session has one.
///
/// # Errors
/// A transaction pooler stands where sessions are needed.
async fn statements(
    url: &PgConnectOptions,
    direct: Option<&PgConnectOptions>,
) -> Result<Statements, StoreError> {
    let Some(direct) = direct else {
        if pooler::shares_sessions(url).await {
            let problem = format!(
                "{} is a pooler that gives each transaction another connection: set database.direct_url \
                 (VIDEO_DATABASE__DIRECT_URL) to the address of the PostgreSQL server itself; LISTEN, migrations and \
                 their locks go there, everything else stays with the pooler",
                place(url)
            );
            return Err(StoreError::BadUrl(problem));
        }
        return Ok(Statements::Named);
    };
    let there = match pooler::database_of(direct).await {
        Ok(there) => there,
        Err(error) => return Err(unreachable(direct, error).await),
    };
    if there != pooler::database_of(url).await? {
        let problem = format!("{} is another database than {}", place(direct), place(url));
        return Err(StoreError::BadDirectUrl(problem));
    }
    if pooler::shares_sessions(direct).await {
        let problem = format!(
            "{} is a pooler that gives each transaction another connection: give the address of the PostgreSQL \
             server itself, or of a pooler in session mode",
            place(direct)
        );
        return Err(StoreError::BadDirectUrl(problem));
    }
    if pooler::carries_statements(url).await? {
        return Ok(Statements::Named);
    }
    Ok(Statements::Unnamed)
}

/// Why there is no connection. A pool only says that it waited in vain, so the server is asked once without one.
pub(super) async fn unreachable(options: &PgConnectOptions, error: sqlx::Error) -> StoreError {
    let cause = match error {
        sqlx::Error::PoolTimedOut => match tokio::time::timeout(PROBED_FOR, options.connect()).await {
            Ok(Ok(_)) => "it gave no connection in time".to_owned(),
            Ok(Err(error)) => Chain(&error).to_string(),
            Err(_) => "it does not answer".to_owned(),
        },
        error => Chain(&error).to_string(),
    };
    StoreError::Unreachable {
        place: place(options),
        cause,
    }
}
