//! PostgreSQL away and back: one line each, however many statements fail meanwhile.

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

/// Between two looks at a server that is gone, and the shortest time between two signs that are looked into.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long one look may take.
const LOOK_FOR: Duration = Duration::from_secs(2);

/// Watches one server: the first statement that fails for want of a connection starts a task, which says that the server
/// is gone, and when it is back. Cheap to clone.
#[derive(Clone)]
pub(in crate::store) struct Outage(Arc<Inner>);

struct Inner {
    options: PgConnectOptions,
    place: String,
    pool: PgPool,
    runtime: Handle,
    /// A task looks already.
    is_watched: AtomicBool,
}

/// (The options hold the password.)
impl std::fmt::Debug for Outage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Outage").field(&self.0.place).finish()
    }
}

impl Outage {
    /// Watches the server of `pool`, by tasks of the runtime that this is called on.
    pub(in crate::store) fn of(pool: &PgPool, options: PgConnectOptions) -> Self {
        Self(Arc::new(Inner {
            place: place(&options),
            options,
            pool: pool.clone(),
            runtime: Handle::current(),
            is_watched: AtomicBool::new(false),
        }))
    }

    /// Passes the result on, and [notes](Self::noted) its error.
    pub(in crate::store) fn watch<T>(&self, result: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        result.map_err(|error| self.noted(error))
    }

    /// Notes the error, and returns it; a wait for a connection that was in vain as an I/O error, which tells it from
    /// SQLite's waits: of PostgreSQL's the watching task speaks.
    pub(in crate::store) fn noted(&self, error: sqlx::Error) -> sqlx::Error {
        self.note(&error);
        match error {
            sqlx::Error::PoolTimedOut => {
                sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "no connection in time"))
            }
            error => error,
        }
    }

    /// Starts to watch where the error may mean that the server is gone.
    pub(in crate::store) fn note(&self, error: &sqlx::Error) {
        let may_be_gone = matches!(error, sqlx::Error::PoolTimedOut) || is_unreachable(error);
        if may_be_gone && !self.0.is_watched.swap(true, Ordering::AcqRel) {
            let inner = self.0.clone();
            self.0.runtime.spawn(async move {
                inner.look().await;
                sleep(LOOK_EVERY).await;
                inner.is_watched.store(false, Ordering::Release);
            });
        }
    }
}

impl Inner {
    /// Says that the server is gone, if it is, and returns when it is back.
    async fn look(&self) {
        let since = Instant::now();
        let Err(cause) = self.reach().await else {
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
        while self.reach().await.is_err() {
            if self.pool.is_closed() {
                return;
            }
            sleep(LOOK_EVERY).await;
        }
        tracing::warn!(
            away_s = since.elapsed().as_secs(),
            "PostgreSQL at {} is back",
            self.place
        );
    }

    /// Whether a new connection takes a statement: a pooler lets clients in while the server behind it is away.
    async fn reach(&self) -> Result<(), String> {
        let look = async {
            let mut connection = self.options.connect().await?;
            sqlx::raw_sql("select 1").execute(&mut connection).await?;
            connection.close().await
        };
        match timeout(LOOK_FOR, look).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(cause_of(&error)),
            Err(_) => Err("it does not answer".to_owned()),
        }
    }
}

/// What the server or the system said, without the driver's words around it.
fn cause_of(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => error.message().to_owned(),
        sqlx::Error::Io(error) => error.to_string(),
        error => Chain(error).to_string(),
    }
}

/// The error is of the way to the server, not of the statement.
pub(in crate::store) fn is_unreachable(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) => true,
        sqlx::Error::Database(error) => is_unreachable_code(&**error),
        _ => false,
    }
}

/// Connection exceptions (08…, a pooler's among them), refused sign-ins (28…), no such database, too many connections,
/// and a server that stops or starts (57P…).
fn is_unreachable_code(error: &dyn DatabaseError) -> bool {
    error.code().is_some_and(|code| {
        code.starts_with("08")
            || code.starts_with("28")
            || matches!(&*code, "3D000" | "53300" | "57P01" | "57P02" | "57P03")
    })
}

/// A pool gave no connection in time.
pub(in crate::store) fn is_pool_timeout(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::TimedOut && error.raw_os_error().is_none()
}

/// Host, port and name; never the password.
pub(in crate::store) fn place(options: &PgConnectOptions) -> String {
    let server = match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => format!("{}:{}", options.get_host(), options.get_port()),
    };
    let name = options.get_database().unwrap_or(options.get_username());
    format!("{server}/{name}")
}
