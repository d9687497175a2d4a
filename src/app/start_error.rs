//! Reasons why the service cannot start, each with a remedy in its text.

use std::net::SocketAddr;

use crate::auth::{DevelopmentError, JwksError};
use crate::chain::Chain;
use crate::config::ConfigError;
use crate::local::LocalError;
use crate::provider::MapError;
use crate::store::StoreError;

/// The service cannot start. The text has one line for each reason.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Several reasons at once; at least two.
    #[error("{}", join_lines(.0))]
    Several(Vec<StartError>),
    /// A setting is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// An action map is wrong.
    #[error(transparent)]
    Map(#[from] MapError),
    /// A map file is missing or not readable.
    #[error("{file}: {problem}")]
    MapFile {
        /// Its path, or the provider whose map is missing.
        file: String,
        /// The reason.
        problem: String,
    },
    /// A map is wrong or missing that no setting enables, but stored videos need.
    #[error("{error} ({videos} videos are at provider \"{provider}\" and need it)")]
    MapInUse {
        /// The provider.
        provider: String,
        /// The number of its videos that are not deleted.
        videos: i64,
        /// The fault of its map.
        error: Box<StartError>,
    },
    /// Development mode does not fit the settings.
    #[error(transparent)]
    Development(#[from] DevelopmentError),
    /// The key set of `auth.jwks` cannot be loaded.
    #[error("auth.jwks {0}")]
    Jwks(#[from] JwksError),
    /// The database fails.
    #[error("{}", Chain(.0))]
    Store(#[from] StoreError),
    /// The built-in provider cannot be opened.
    #[error(transparent)]
    Local(#[from] LocalError),
    /// A process on another host holds the lease of the built-in provider.
    #[error(
        "providers.enabled: \"local\" takes uploads on {host} already, and one process at a time may: end that one, or leave \
         \"local\" out of providers.enabled here"
    )]
    LocalElsewhere {
        /// The host's name.
        host: String,
    },
    /// A shared secret in the database is of no use.
    #[error("the row \"{0}\" of table secrets is empty")]
    SharedKey(&'static str),
    /// Two metrics have the same name.
    #[error("metrics: {0}")]
    Metrics(#[from] prometheus::Error),
    /// A listener cannot be bound.
    #[error("{key}: cannot listen on {address}: {error}")]
    Listen {
        /// The setting with the address.
        key: &'static str,
        /// The address.
        address: SocketAddr,
        /// The reason.
        error: std::io::Error,
    },
}

fn join_lines(errors: &[StartError]) -> String {
    let lines: Vec<String> = errors.iter().map(StartError::to_string).collect();
    lines.join("\n")
}

impl StartError {
    /// Returns one error for all of `errors`, of which there must be at least one.
    pub(super) fn from_all(mut errors: Vec<Self>) -> Self {
        match errors.pop() {
            Some(only) if errors.is_empty() => only,
            last => {
                errors.extend(last);
                Self::Several(errors)
            }
        }
    }
}
