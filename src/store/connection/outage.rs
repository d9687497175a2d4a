//! Outages of PostgreSQL: one log line when it is gone and one when it is back, however many statements fail meanwhile.
//!
//! 1. A statement fails in a way that may mean an outage ([`Outage::note`]). The first one starts a task; others do
//!    nothing while it runs.
//! 2. The task opens a connection of its own. It succeeds: the task ends, after a warning where all connections are
//!    busy.
//! 3. It fails: the task logs that the server is gone, with cause and remedy, and tries again each second.
//! 4. It succeeds again: the task logs that the server is back. It ends also when the pool is closed.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::error::DatabaseError;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgPool};
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep, timeout};

use crate::chain::Chain;

/// The pause between two attempts to reach a server that is gone, and between the ends of two tasks.
const PROBE_EVERY: Duration = Duration::from_secs(1);
/// The timeout of one attempt.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// Watches one server. Cheap to clone.
#[derive(Clone)]
pub(in crate::store) struct Outage(Arc<Inner>);

struct Inner {
    options: PgConnectOptions,
    place: String,
    pool: PgPool,
    runtime: Handle,
    /// A task is running.
    is_watched: AtomicBool,
}

// Why by hand: the options hold the password.
impl std::fmt::Debug for Outage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Outage").field(&self.0.place).finish()
    }
}

impl Outage {
    /// Watches the server of `pool`, by tasks of the runtime that this is called on.
    pub(in crate::store) fn new(pool: &PgPool, options: PgConnectOptions) -> Self {
        Self(Arc::new(Inner {
            place: place(&options),
            options,
            pool: pool.clone(),
            runtime: Handle::current(),
            is_watched: AtomicBool::new(false),
        }))
    }

    /// Returns the result as it is, with its error [noted](Self::noted).
    pub(in crate::store) fn note_result<T>(&self, result: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        result.map_err(|error| self.noted(error))
    }

    /// Notes the error, and returns it. A pool's timeout becomes an I/O error.
    // Why: that distinguishes it from the timeout of SQLite's pool, which no task watches.
    pub(in crate::store) fn noted(&self, error: sqlx::Error) -> sqlx::Error {
        self.note(&error);
        match error {
            sqlx::Error::PoolTimedOut => {
                sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "no connection in time"))
            }
            error => error,
        }
    }

    /// Starts the task where the error may mean that the server is gone.
    pub(in crate::store) fn note(&self, error: &sqlx::Error) {
        let may_be_gone = matches!(error, sqlx::Error::PoolTimedOut) || is_unreachable(error);
        if may_be_gone && !self.0.is_watched.swap(true, Ordering::AcqRel) {
            let inner = self.0.clone();
            self.0.runtime.spawn(async move {
                inner.watch_until_back().await;
                sleep(PROBE_EVERY).await;
                inner.is_watched.store(false, Ordering::Release);
            });
        }
    }
}

impl Inner {
    /// Logs that the server is gone, if it is, and returns when it is back: steps 2 to 4.
    async fn watch_until_back(&self) {
        let since = Instant::now();
        let Err(cause) = self.probe().await else {
            // One connection was ended, or all of them are busy.
            if self.pool.num_idle() == 0 && self.pool.size() >= self.pool.options().get_max_connections() {
                tracing::warn!(
                    connections = self.pool.size(),
                    "all connections to PostgreSQL are busy: raise database.max_connections, or find what is slow"
                );
            }
            return;
        };
        tracing::error!(
            "PostgreSQL at {} is gone: {cause}; requests are answered 503 until it is back: \
             check that the server runs and lets this machine in",
            self.place
        );
        while self.probe().await.is_err() {
            if self.pool.is_closed() {
                return;
            }
            sleep(PROBE_EVERY).await;
        }
        tracing::warn!(
            away_s = since.elapsed().as_secs(),
            "PostgreSQL at {} is back",
            self.place
        );
    }

    /// Opens a connection and runs a statement.
    // Why a statement: a pooler lets clients in while the server behind it is away.
    async fn probe(&self) -> Result<(), String> {
        let probe = async {
            let mut connection = self.options.connect().await?;
            sqlx::raw_sql("select 1").execute(&mut connection).await?;
            connection.close().await
        };
        match timeout(PROBE_TIMEOUT, probe).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(cause_of(&error)),
            Err(_) => Err("it does not answer".to_owned()),
        }
    }
}

/// Returns the words of the server or the system, without the driver's around them.
fn cause_of(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => error.message().to_owned(),
        sqlx::Error::Io(error) => error.to_string(),
        error => Chain(error).to_string(),
    }
}

/// Returns whether the error is of the connection to the server, not of the statement.
pub(in crate::store) fn is_unreachable(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) => true,
        sqlx::Error::Database(error) => is_unreachable_code(&**error),
        _ => false,
    }
}

/// Returns whether it is one of: connection exceptions (08…, a pooler's among them), refused sign-ins (28…), no such
/// database, too many connections, and a server that stops or starts (57P…).
fn is_unreachable_code(error: &dyn DatabaseError) -> bool {
    error.code().is_some_and(|code| {
        code.starts_with("08")
            || code.starts_with("28")
            || matches!(&*code, "3D000" | "53300" | "57P01" | "57P02" | "57P03")
    })
}

/// Returns whether a pool gave no connection in time: see [`Outage::noted`].
pub(in crate::store) fn is_pool_timeout(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::TimedOut && error.raw_os_error().is_none()
}

/// Returns host, port and name of the database; never the password.
pub(in crate::store) fn place(options: &PgConnectOptions) -> String {
    let server = match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => format!("{}:{}", options.get_host(), options.get_port()),
    };
    let name = options.get_database().unwrap_or(options.get_username());
    format!("{server}/{name}")
}
