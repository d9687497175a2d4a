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
        /// The column, and the value that cannot be read.
        problem: String,
    },
    /// Other writers changed the row, or held it, at every attempt.
    #[error("the row changed too often while it was being written")]
    Contended,
    /// The provider's id belongs to another video already.
    #[error("identity_conflict: the provider's id belongs to another video")]
    IdentityTaken,
    /// No connection could be opened.
    #[error("the database at {place} cannot be reached: {cause}")]
    Unreachable {
        /// Host, port and name, or the file; never the password.
        place: String,
        /// The words of the server or the system.
        cause: String,
    },
    /// `database.url` cannot be used; the text says why.
    #[error("database.url: {0}")]
    BadUrl(String),
    /// `database.direct_url` cannot be used; the text says why.
    #[error("database.direct_url: {0}")]
    BadDirectUrl(String),
}

impl StoreError {
    /// Returns the error of a write to `videos` or `provider_ids`. Only ids at providers are unique there, besides our
    /// own: a violated key is [`StoreError::IdentityTaken`].
    pub(super) fn from_write(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(inner) if inner.is_unique_violation() => Self::IdentityTaken,
            _ => Self::Database(error),
        }
    }

    /// Returns whether another writer was faster, or held what this one waited for (`deadlock_detected`,
    /// `lock_not_available`).
    pub fn is_contention(&self) -> bool {
        match self {
            Self::Contended => true,
            Self::Database(sqlx::Error::Database(inner)) => {
                matches!(inner.code().as_deref(), Some("40P01" | "55P03"))
            }
            _ => false,
        }
    }

    /// Returns whether the statement was refused because of a row that it held or read. Without that row it would
    /// succeed.
    pub fn is_bad_row(&self) -> bool {
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

    /// Returns whether the connection ended: the server was restarted, or ended it (`admin_shutdown`,
    /// `crash_shutdown`).
    fn is_lost_connection(&self) -> bool {
        match self {
            Self::Database(sqlx::Error::Io(error)) => !outage::is_pool_timeout(error),
            Self::Database(sqlx::Error::Database(inner)) => {
                // A transaction pooler reports the end of its server by 08….
                inner
                    .code()
                    .is_some_and(|code| code.starts_with("08") || matches!(&*code, "57P01" | "57P02"))
            }
            _ => false,
        }
    }

    /// Returns whether PostgreSQL is out of reach. The log has one line of that already, with the remedy.
    pub fn is_outage(&self) -> bool {
        matches!(self, Self::Database(error) if outage::is_unreachable(error))
    }

    /// Logs that `what` failed. While PostgreSQL is out of reach it is a debug line.
    // Why: an outage is one line, however many statements fail meanwhile.
    pub fn log(&self, what: &'static str) {
        if self.is_outage() {
            tracing::debug!(error = %Chain(self), "{what}");
        } else {
            tracing::error!(error = %Chain(self), "{what}");
        }
    }
}

/// The number of connections that may turn out to have ended before a failure counts.
// Why: a connection that the server has closed is only found out when it is used.
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
