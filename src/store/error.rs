//! How the store fails.

use super::connection::outage;
use crate::chain::Chain;

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
    /// Returns the error of a write to `videos` or `provider_ids`. Only ids at providers are unique there, besides our own:
    /// a violated key is [`StoreError::IdentityTaken`].
    pub(super) fn from_write(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(inner) if inner.is_unique_violation() => Self::IdentityTaken,
            _ => Self::Database(error),
        }
    }

    /// The statement was refused because of what it held, not because the database is out of reach: without the bad
    /// row it would do.
    pub fn is_of_a_row(&self) -> bool {
        match self {
            Self::Database(error) => {
                !outage::is_unreachable(error)
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
    fn is_lost_connection(&self) -> bool {
        match self {
            Self::Database(sqlx::Error::Io(error)) => !outage::is_pool_timeout(error),
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
        matches!(self, Self::Database(error) if outage::is_unreachable(error))
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

/// How many connections may turn out to have ended before a failure counts. A connection that the server has closed is
/// only found out when it is used.
pub(super) struct ReconnectBudget(u32);

impl ReconnectBudget {
    /// `connections` is how many the caller may have kept from before.
    pub(super) const fn new(connections: u32) -> Self {
        Self(connections)
    }

    /// Returns whether the statement failed because its connection had ended, and may be tried on another one.
    pub(super) fn allows_retry<T>(&mut self, result: &Result<T, StoreError>) -> bool {
        let ended = result.as_ref().is_err_and(StoreError::is_lost_connection);
        let left = ended && self.0 > 0;
        self.0 = self.0.saturating_sub(1);
        left
    }
}
