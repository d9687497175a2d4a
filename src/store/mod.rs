//! Rows in PostgreSQL or SQLite: one SQL text for both.

mod adopt;
mod apply;
mod arrays;
mod at_once;
mod changes;
mod connect;
mod depth;
mod due;
mod feed;
mod follow_ups;
mod idempotency;
mod ids;
mod inbox;
mod intake;
mod kept;
mod keys;
mod lanes;
mod leases;
mod migrations;
mod open_uploads;
mod outage;
mod outbox;
mod outcomes;
mod outgoing;
mod pooler;
mod record;
mod route;
mod secrets;
mod shared;
mod take_in;
mod together;
mod turns;
mod tx;
mod videos;

use sqlx::SqlitePool;
use sqlx::postgres::PgConnectOptions;

use crate::chain::Chain;

pub use apply::{Applied, Due, EventOutcome, Plan, VideoChange};
pub use changes::Edit;
pub use depth::{Depth, Depths, PoolUse};
pub use feed::{Changes, Heard, Listener, Notifier};
pub use idempotency::{Claim, IdempotencyKey};
pub use inbox::{EventFilter, Stored};
pub use intake::{Intake, NotStored};
pub(crate) use kept::or_rest;
pub use migrations::Migrations;
pub use open_uploads::{Inserted, OpenLimit};
pub use outbox::Announcer;
pub use outcomes::Listening;
pub use outgoing::{OutgoingFilter, OutgoingOutcome};
pub use take_in::Planner;
pub use turns::Turns;
pub use videos::VideoFilter;

/// Runs one body against whichever pool is configured: same SQL, two drivers.
macro_rules! on_pool {
    ($pool:expr, |$name:ident| $body:expr) => {
        match $pool {
            crate::store::Pool::Postgres($name) => $body,
            crate::store::Pool::Sqlite($name) => $body,
        }
    };
}
pub(crate) use on_pool;

/// The database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    /// For statements that only read.
    readers: Pool,
    /// For statements that write: the same pool on PostgreSQL, the one writer on SQLite.
    writer: Pool,
    /// Where single videos are read and written together, on PostgreSQL: a file of our own takes no round trip.
    together: Option<together::Together>,
    /// Where visible changes are told.
    feed: feed::Feed,
    /// Who is told of them besides.
    outbox: outbox::Outbox,
    /// Who counts how videos end.
    outcomes: outcomes::Outcomes,
    /// Past a transaction pooler.
    direct: Option<Direct>,
    owner_locks: open_uploads::OwnerLocks,
}

/// Where the server itself is reached. (The options hold the password.)
#[derive(Clone)]
struct Direct(PgConnectOptions);

impl std::fmt::Debug for Direct {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Direct").field(&outage::place(&self.0)).finish()
    }
}

#[derive(Clone, Debug)]
enum Pool {
    Postgres(route::Connections),
    Sqlite(SqlitePool),
}

impl Store {
    /// `postgres` or `sqlite`, for people.
    pub const fn kind(&self) -> &'static str {
        match self.writer {
            Pool::Postgres(_) => "postgres",
            Pool::Sqlite(_) => "sqlite",
        }
    }
}

/// The database failed, or holds what it must not.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The statement failed.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// Migrations could not be applied or read.
    #[error("the database's migrations failed")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// A row that no release of this program writes.
    #[error("row {table}/{id} is not readable: {problem}")]
    BadRow {
        /// Its table.
        table: &'static str,
        /// Its key.
        id: String,
        /// What is wrong.
        problem: String,
    },
    /// Twenty writers in a row came in between.
    #[error("the row changed too often while it was being written")]
    Contended,
    /// An id that another video has already.
    #[error("identity_conflict: the provider's id belongs to another video")]
    IdentityTaken,
    /// Nobody lets us in there.
    #[error("the database at {place} cannot be reached: {cause}")]
    Unreachable {
        /// Host, port and name, or the file; never the password.
        place: String,
        /// What the server or the system said.
        cause: String,
    },
    /// The URL in the settings cannot be used.
    #[error("database.url: {0}")]
    BadUrl(String),
    /// The other URL in the settings cannot be used.
    #[error("database.direct_url: {0}")]
    BadDirectUrl(String),
}

impl StoreError {
    /// The statement was refused because of what it held, not because the database is out of reach: without the bad
    /// row it would do.
    pub fn is_of_a_row(&self) -> bool {
        match self {
            Self::Database(error) => {
                !outage::is_of_reach(error)
                    && matches!(
                        error,
                        sqlx::Error::Database(_)
                            | sqlx::Error::ColumnDecode { .. }
                            | sqlx::Error::Decode(_)
                            | sqlx::Error::Encode(_)
                    )
            }
            Self::BadRow { .. } | Self::IdentityTaken => true,
            Self::Migrate(_)
            | Self::Contended
            | Self::BadUrl(_)
            | Self::BadDirectUrl(_)
            | Self::Unreachable { .. } => false,
        }
    }

    /// The connection ended: the server was restarted, or ended it (`admin_shutdown`, `crash_shutdown`).
    fn is_of_a_connection(&self) -> bool {
        match self {
            Self::Database(sqlx::Error::Io(error)) => !outage::is_a_wait(error),
            Self::Database(sqlx::Error::Database(inner)) => {
                // A transaction pooler tells a client of its server's end by 08….
                inner
                    .code()
                    .is_some_and(|code| code.starts_with("08") || matches!(&*code, "57P01" | "57P02"))
            }
            _ => false,
        }
    }

    /// PostgreSQL is out of reach, which the log has already: once, with the remedy.
    pub fn is_outage(&self) -> bool {
        matches!(self, Self::Database(error) if outage::is_of_reach(error))
    }

    /// Logs that `what` failed; as a debug line while PostgreSQL is out of reach.
    pub fn log(&self, what: &'static str) {
        if self.is_outage() {
            tracing::debug!(error = %Chain(self), "{what}");
        } else {
            tracing::error!(error = %Chain(self), "{what}");
        }
    }
}

/// How many connections may have ended without our knowing: what a server left behind is only seen when it is used.
struct Ended(u32);

impl Ended {
    /// The connection that gave this answer had; another one is to be asked.
    fn is_another<T>(&mut self, answer: &Result<T, StoreError>) -> bool {
        let ended = answer.as_ref().is_err_and(StoreError::is_of_a_connection);
        let left = ended && self.0 > 0;
        self.0 = self.0.saturating_sub(1);
        left
    }
}
