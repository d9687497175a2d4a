//! Settings: load, validate, redact.
//!
//! `config/default.toml` is embedded and is the schema too: a key that it does not have is refused, and the type of
//! its default decides how an environment variable is read.

mod check;
mod console;
mod database;
mod environment;
mod events;
mod fault;
mod filter;
mod limits;
mod listen;
mod listing;
mod load;
mod local;
mod names;
mod pem;
mod retired;
mod secrets;
mod text;
mod urls;
mod value;

use std::collections::BTreeMap;
use std::net::SocketAddr;

use secrecy::SecretString;
use serde::Deserialize;

pub(crate) use check::is_provider_name;
pub use check::{is_loopback_origin, is_loopback_url};
pub use environment::Environment;
pub use events::{Events, signing_secret};
pub use fault::ConfigError;
pub use listing::{Listed, ListedSecret, ListedSetting, listed};
pub use load::load;
pub use local::{Chaos, Local};
pub(crate) use names::{closest, known_variables};
pub use pem::read_pem;
pub use secrets::{read_secret, read_value};

use crate::domain::Policy;
use crate::limits::Network;

/// The embedded defaults: every key with a comment.
pub const DEFAULTS: &str = include_str!("../../config/default.toml");

/// All settings, valid each by itself and together.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// `[http]`
    pub http: Http,
    /// `[database]`
    pub database: Database,
    /// `[auth]`
    pub auth: Auth,
    /// `[providers]`
    pub providers: Providers,
    /// `[uploads]`
    pub uploads: Uploads,
    /// `[playback]`
    pub playback: Playback,
    /// `[inbox]`
    pub inbox: Inbox,
    /// `[reconcile]`
    pub reconcile: Reconcile,
    /// `[events]`
    pub events: Events,
    /// `[local]`
    pub local: Local,
    /// `[console]`
    pub console: Console,
    /// `[log]`
    pub log: Log,
    /// What is no error but should be known, one line each: said at start and by `check`.
    #[serde(skip)]
    pub warnings: Vec<String>,
    /// `VIDEO_` variables that are set and no setting's or secret's: an action map's, or misspelt.
    #[serde(skip)]
    pub unread_variables: Vec<String>,
}

/// `[http]`: the listener and what it allows.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Address to listen on.
    #[serde(deserialize_with = "listen::deserialize")]
    pub listen: SocketAddr,
    /// Where browsers and providers reach the service, without a trailing slash; its path is put in front of every
    /// address that the service gives. Empty in the file means: the listen address; filled in by validation.
    pub public_url: String,
    /// Longest that a request may take, in seconds.
    pub request_timeout_s: u64,
    /// Seconds between SIGTERM and the end of accepting.
    pub drain_s: u64,
    /// Largest body of an API request, in bytes.
    pub body_limit_bytes: usize,
    /// Origins whose pages may call the API.
    pub cors_origins: Vec<String>,
    /// Proxies whose forwarding headers count.
    pub trusted_proxies: Vec<String>,
    /// The same, read; filled in by validation.
    #[serde(skip)]
    pub proxies: Vec<Network>,
    /// Connections at the same time.
    pub max_connections: usize,
    /// Those of one address; 0 for no limit.
    pub max_connections_per_address: usize,
    /// Requests of one kind that are worked on at the same time.
    pub max_requests: usize,
    /// Requests of one kind that wait to be worked on.
    pub max_waiting: usize,
    /// Longest that the headers of a request may take, in seconds.
    pub header_timeout_s: u64,
    /// Longest pause within a body, either way, in seconds.
    pub body_timeout_s: u64,
    /// Address of the metrics; empty for none.
    pub metrics_listen: String,
    /// Event streams in one process.
    pub max_streams: usize,
    /// Serve the console page.
    pub console: bool,
    /// Serve the API's documents.
    pub docs: bool,
}

impl Http {
    /// The path of `public_url`, which a proxy in front of the service strips: empty, or such as `/video`.
    pub fn path_prefix(&self) -> &str {
        urls::path_of(&self.public_url)
    }
}

/// `[database]`: where rows are kept.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `postgres://…` or `sqlite://…`; may hold a password, so `Debug` masks it.
    pub url: String,
    /// For what needs a session of its own, where `url` goes through a transaction pooler; empty means `url`.
    pub direct_url: String,
    /// Connections to PostgreSQL, besides one that listens, two that take webhooks in and six that share statements about videos; or readers of the SQLite file.
    pub max_connections: u32,
    /// Apply the migrations when `serve` starts.
    pub migrate_on_start: bool,
    /// Refuse everything but PostgreSQL.
    pub require_postgres: bool,
}

/// `[auth]`: whose tokens are believed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// HS256 secrets, from the environment alone.
    #[serde(skip)]
    pub jwt_secrets: Vec<SecretString>,
    /// A key set's URL or file; empty for none.
    pub jwks: String,
    /// Required `iss`; empty for none.
    pub issuer: String,
    /// Required `aud`; empty for none.
    pub audience: String,
    /// Failed authentications and signatures of one address in a minute; 0 for no limit.
    pub failures_per_min: u32,
}

impl Auth {
    /// No auth setting at all: the service runs in development mode.
    pub fn is_unset(&self) -> bool {
        self.jwt_secrets.is_empty() && self.jwks.is_empty()
    }
}

/// `[providers]`: which maps are loaded.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Providers {
    /// Provider of uploads that name none.
    pub default: String,
    /// Providers that take new uploads.
    pub enabled: Vec<String>,
    /// Folder of further maps; empty for none.
    pub dir: String,
}

/// `[uploads]`: what callers get and may choose.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Uploads {
    /// Policy of uploads that ask for none.
    pub playback_policy: Policy,
    /// Seconds that an upload URL lives.
    pub ttl_s: u64,
    /// Quality of uploads that ask for none.
    pub quality: String,
    /// Policies that callers may choose.
    pub allowed_policies: Vec<Policy>,
    /// Qualities that callers may choose; filled in by validation.
    pub allowed_qualities: Vec<String>,
    /// Providers that callers may choose; filled in by validation.
    pub allowed_providers: Vec<String>,
    /// JSON pointers of `provider_settings` that callers may set.
    pub allowed_settings: Vec<String>,
    /// Origins that may send files.
    pub cors_origins: Vec<String>,
    /// Uploads that one owner may begin in a minute; 0 for no limit.
    pub per_owner_per_min: u32,
    /// Uploads of one owner that may wait for their file at the same time; 0 for no limit.
    pub max_open_per_owner: u32,
}

/// `[playback]`: how long signed addresses live.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Playback {
    /// Seconds, where the caller does not say.
    pub ttl_s: u64,
    /// Longest that a caller may ask for, in seconds.
    pub max_ttl_s: u64,
    /// Name → width in pixels.
    pub thumbnails: BTreeMap<String, u32>,
}

/// `[inbox]`: how webhook events are kept.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inbox {
    /// Hours that an event waits for its video.
    pub park_for_h: u32,
    /// Days that finished events are kept.
    pub keep_days: u32,
    /// Tries before an event is given up.
    pub max_attempts: u32,
}

/// `[reconcile]`: how the provider is asked about unfinished videos.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reconcile {
    /// Seconds between passes.
    pub interval_s: u64,
    /// Seconds before the first question about a video.
    pub first_after_s: u64,
    /// Longest interval between two questions, in seconds.
    pub max_interval_s: u64,
    /// Days between questions about a ready video; 0 for never.
    pub ready_every_days: u32,
    /// Hours after which a deleted video's row is purged.
    pub purge_after_h: u32,
}

/// `[console]`: the page at `/`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Console {
    /// An exact version of hls.js; empty for none.
    pub hls_js_url: String,
    /// Its Subresource Integrity hash.
    pub hls_js_integrity: String,
}

/// `[log]`: what is logged, and how.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// Layout of a line.
    pub format: LogFormat,
    /// A filter as of `RUST_LOG`.
    pub filter: String,
}

/// Layout of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

impl Database {
    /// The database is a SQLite file.
    pub fn is_sqlite(&self) -> bool {
        self.url.starts_with("sqlite:")
    }

    /// Server and name of a PostgreSQL database, without user, password and parameters: for people.
    pub fn place(&self) -> String {
        database::place(&self.url)
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database")
            .field("url", &secrets::mask_url(&self.url))
            .field("direct_url", &secrets::mask_url(&self.direct_url))
            .field("max_connections", &self.max_connections)
            .field("migrate_on_start", &self.migrate_on_start)
            .field("require_postgres", &self.require_postgres)
            .finish()
    }
}
