//! The provider's name, its options at start, and the errors that stop a start.

use std::{collections::BTreeMap, net::IpAddr, path::PathBuf};

use super::fetch_options::FetchOptions;
use crate::{clock::Clock, config};

/// The name of the provider and of its action map.
pub const NAME: &str = "local";

/// Input of [`Local::open`](super::Local::open).
#[derive(Clone, Debug)]
pub struct Options {
    /// The `[local]` section of the settings.
    pub settings: config::Local,
    /// The base that browsers reach, without a slash at the end: `http://127.0.0.1:8080/local`.
    pub public_url: String,
    /// The base that the service itself reaches, without a slash at the end.
    pub api_url: String,
    /// The service's own route for the provider's webhooks, which goes before the addresses of
    /// [`config::Local::webhook_urls`]. Empty where the provider runs alone.
    pub webhook_url: String,
    /// True lets pages of this machine send files to any upload, whatever its `cors_origin` is.
    pub loopback_pages: bool,
    /// The rules and bounds of inputs by URL.
    pub fetch: FetchOptions,
    /// The source of the current time.
    pub clock: Clock,
    /// The binary that starts ffmpeg in its sandbox: [`own_binary`], except in tests.
    pub launcher: PathBuf,
    /// Environment variables such as `VIDEO_LOCAL_TOKEN`; each replaces the value that was generated at first start.
    pub env: BTreeMap<String, String>,
}

/// The client address of a request, as a request extension. The caller of [`Local::router`](super::Local::router) inserts
/// it; image jobs are charged to it. For [`Local::stand_in_router`](super::Local::stand_in_router) it is the peer of the
/// connection.
#[derive(Clone, Copy, Debug)]
pub struct ClientAddress(pub IpAddr);

/// The reason why the provider cannot start. `Display` gives one line.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// A file or folder of `local.dir` cannot be used.
    #[error("local.dir: {what} {path}: {source}")]
    Folder {
        /// The operation, such as `cannot make`.
        what: &'static str,
        /// The file or folder.
        path: String,
        /// The system's error.
        source: std::io::Error,
    },
    /// Another process holds the lock of the folder.
    #[error(
        "local.dir: {folder} is in use by another process ({holder}); one at a time may have it: end that one, or leave \"local\" \
         out of providers.enabled here"
    )]
    InUse {
        /// The folder.
        folder: String,
        /// The process id and host that stand in the lock file.
        holder: String,
    },
    /// The provider's own database cannot be opened.
    #[error("local.dir: database {path}: {source}")]
    Database {
        /// The database file.
        path: String,
        /// The database's error.
        source: sqlx::Error,
    },
    /// A credential has a wrong form.
    #[error("{name}: {problem}")]
    Credential {
        /// The environment variable, or the file with the generated credentials.
        name: String,
        /// The fault, and the values that are allowed.
        problem: &'static str,
    },
    /// The HTTP client that sends webhooks, or the one that fetches inputs, cannot be built.
    #[error("the HTTP client: {0}")]
    Client(reqwest::Error),
}

/// Returns the path of this process's binary.
///
/// The path keeps naming the binary that was started, even after an upgrade has put another file in its place.
pub fn own_binary() -> PathBuf {
    PathBuf::from("/proc/self/exe")
}
