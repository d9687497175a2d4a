//! Opening the database.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::change::{ChangeObserver, NoObserver};
use super::connection::outage::{Outage, place};
use super::connection::{PgConnections, PreparedStatements, Route, open_side_pool, pooler, unreachable};
use super::database::{DirectAddress, Pool, on_pool};
use super::error::StoreError;
use super::feed::Feed;
use super::handle::Store;
use super::owner_locks::OwnerLocks;
use super::statements::Backend;
use super::video_batcher::VideoBatcher;
use crate::config::Database;

/// A connection that was used within this time is taken to be alive still.
const ALIVE_FOR: Duration = Duration::from_secs(1);

impl Store {
    /// Connects as [`Store::connect_observed`] does, with [`NoObserver`].
    ///
    /// # Errors
    /// The errors of [`Store::connect_observed`].
    pub async fn connect(settings: &Database) -> Result<Self, StoreError> {
        Self::connect_observed(settings, Arc::new(NoObserver)).await
    }

    /// Connects; on SQLite makes the folder and the file. `observer` hears of the changes that this handle and its
    /// clones write.
    ///
    /// # Errors
    /// The URL is bad, or the server does not answer within five seconds.
    pub async fn connect_observed(
        settings: &Database,
        observer: Arc<dyn ChangeObserver>,
    ) -> Result<Self, StoreError> {
        if settings.is_sqlite() {
            Self::open_sqlite(settings, observer).await
        } else {
            Self::open_postgres(settings, observer).await
        }
    }

    async fn open_postgres(
        settings: &Database,
        observer: Arc<dyn ChangeObserver>,
    ) -> Result<Self, StoreError> {
        let options = postgres_options(&settings.url)
            .ok_or_else(|| StoreError::BadUrl("is not a PostgreSQL URL".to_owned()))?;
        let pool = PgPoolOptions::new()
            .max_connections(settings.max_connections)
            .acquire_timeout(Duration::from_secs(3))
            // Why not before each use: the test would double the round trips.
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for > ALIVE_FOR {
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
        let statements = detect_statements(&options, direct.as_ref()).await?;
        let outage = Outage::new(&pool, options);
        let pool = PgConnections::new(pool, Route { statements, outage });
        let batch_pool = open_side_pool(&pool, VideoBatcher::CONNECTIONS, direct.is_none());
        Ok(Self {
            batcher: Some(VideoBatcher::start(&batch_pool, &observer)),
            readers: Pool::Postgres(pool.clone()),
            writer: Pool::Postgres(pool),
            feed: Feed::default(),
            observer,
            direct: DirectAddress::new(direct),
            owner_locks: OwnerLocks::default(),
        })
    }

    async fn open_sqlite(settings: &Database, observer: Arc<dyn ChangeObserver>) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::from_str(&settings.url)
            .map_err(|_| StoreError::BadUrl("is not a SQLite URL such as sqlite://data/video.db".to_owned()))?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // Why full: a webhook is answered only once its event is on the disk.
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
            crate::private::prepare_database(file)
                .map_err(|error| StoreError::BadUrl(format!("cannot make {}: {error}", file.display())))?;
        }
        let pool = |connections| {
            SqlitePoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(Duration::from_secs(3))
        };
        // Why the test: a commit that fails for want of space ends the transaction, but leaves the driver believing in
        // it, and such a connection would refuse every further `begin`.
        // Why one connection: SQLite lets one write at a time, and the pool lets the others wait in the order of their
        // arrival.
        let writer = pool(1)
            .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
            .connect_with(options.clone())
            .await?;
        let readers = pool(settings.max_connections)
            .connect_with(options.read_only(true))
            .await?;
        Ok(Self {
            batcher: None,
            readers: Pool::Sqlite(readers),
            writer: Pool::Sqlite(writer),
            feed: Feed::default(),
            observer,
            direct: DirectAddress::default(),
            owner_locks: OwnerLocks::default(),
        })
    }

    /// Returns whether the database can be written to and every migration is applied.
    pub async fn is_ready(&self) -> bool {
        match self.is_migrated().await {
            Ok(migrated) => migrated && self.can_write().await,
            Err(error) => {
                error.log("the database does not answer");
                false
            }
        }
    }

    async fn can_write(&self) -> bool {
        let written = on_pool!(&self.writer, |pool| pool.probe_write().await);
        if let Err(error) = &written {
            error.log("the database takes no writes");
        }
        written.is_ok()
    }

    /// Returns the database's name and version, for people.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub async fn version(&self) -> Result<String, StoreError> {
        let dialect = self.dialect();
        let version: String = on_pool!(&self.readers, |pool| sqlx::query_scalar(dialect.version)
            .fetch_one(pool)
            .await)?;
        Ok(format!("{} {version}", dialect.name))
    }

    /// Closes every connection; open transactions finish first.
    pub async fn close(&self) {
        on_pool!(&self.readers, |pool| pool.close().await);
        on_pool!(&self.writer, |pool| pool.close().await);
    }
}

fn postgres_options(url: &str) -> Option<PgConnectOptions> {
    let options = PgConnectOptions::from_str(url).ok()?;
    // Numbers travel in binary; a pooler that knows nothing of this setting would refuse us.
    Some(options.extra_float_digits(None).application_name("yourbit-video"))
}

/// Returns [`Database::direct_url`], where it differs from [`Database::url`].
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

/// Finds out which [`PreparedStatements`] `url` carries, and whether what needs a session of its own has one.
///
/// # Errors
/// A transaction pooler stands where sessions are needed.
async fn detect_statements(
    url: &PgConnectOptions,
    direct: Option<&PgConnectOptions>,
) -> Result<PreparedStatements, StoreError> {
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
        return Ok(PreparedStatements::Named);
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
        return Ok(PreparedStatements::Named);
    }
    Ok(PreparedStatements::Unnamed)
}
