//! The types of all settings, one struct for each table of `config/default.toml`.
//!
//! The values are valid when [`load`](crate::config::load) returns them: each by itself and all together.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use chrono::{DateTime, Duration, Utc};
use secrecy::SecretString;
use serde::Deserialize;

use super::endpoint::Endpoint;
use super::ingest::Ingest;
use super::local::Local;
use super::sources::Sources;
use super::{database, listen, urls};
use crate::domain::Policy;
use crate::limits::Network;

/// All settings. [`load`](crate::config::load) makes and validates them.
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
    /// `[ingest]`
    pub ingest: Ingest,
    /// `[quota]`
    pub quota: Quota,
    /// `[playback]`
    pub playback: Playback,
    /// `[inbox]`
    pub inbox: Inbox,
    /// `[reconcile]`
    pub reconcile: Reconcile,
    /// `[replace]`
    pub replace: Replace,
    /// `[events]`
    pub events: Events,
    /// `[local]`
    pub local: Local,
    /// `[log]`
    pub log: Log,
    /// Warnings about the settings, one line each. The start logs them and the command `check` prints them.
    #[serde(skip)]
    pub warnings: Vec<String>,
    /// Names of `VIDEO_` variables that are set and belong to no setting or secret: an action map reads them, or they
    /// are misspelt.
    #[serde(skip)]
    pub unread_variables: Vec<String>,
    /// The values as they were given, and which part gave them: for [`Settings::list_effective`].
    #[serde(skip)]
    pub sources: Sources,
}

/// `[http]`: the listener and what it allows.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Address to listen on.
    #[serde(deserialize_with = "listen::deserialize")]
    pub listen: SocketAddr,
    /// Address at which browsers and providers reach the service, without a trailing slash. Its path is put in front of
    /// every address that the service gives. Empty in the file means the listen address; validation fills it in.
    pub public_url: String,
    /// Deadline of a request, in seconds.
    pub request_timeout_s: u64,
    /// Seconds between SIGTERM and the moment when the listener closes.
    pub drain_s: u64,
    /// Largest body of an API request, in bytes.
    pub body_limit_bytes: usize,
    /// Origins whose pages may call the API.
    pub cors_origins: Vec<String>,
    /// Proxies whose forwarding headers count.
    pub trusted_proxies: Vec<String>,
    /// `trusted_proxies`, parsed; validation fills it in.
    #[serde(skip)]
    pub proxies: Vec<Network>,
    /// Most connections at the same time.
    pub max_connections: usize,
    /// Most connections of one client network ([`client_network`](crate::limits::client_network)); 0 for no limit.
    pub max_connections_per_address: usize,
    /// Most requests of one kind that run at the same time.
    pub max_requests: usize,
    /// Most requests of one kind that wait for a permit to run.
    pub max_waiting: usize,
    /// Timeout for the headers of a request, in seconds.
    pub header_timeout_s: u64,
    /// Longest pause within a body, of the request or of the response, in seconds.
    pub body_timeout_s: u64,
    /// Listen address of `GET /metrics`; empty for no listener.
    pub metrics_listen: String,
    /// Most event streams in one process.
    pub max_streams: usize,
    /// Whether the console page is served; needs `client`.
    pub console: bool,
    /// Whether the scripts that pages of applications import are served.
    pub client: bool,
    /// Whether `/openapi.json` and `/docs` are served.
    pub docs: bool,
}

impl Http {
    /// Returns the path of `public_url`, which a proxy in front of the service strips: empty, or such as `/video`.
    pub fn path_prefix(&self) -> &str {
        urls::path_of(&self.public_url)
    }
}

/// `[database]`: the connection to PostgreSQL or SQLite.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `postgres://…` or `sqlite://…`; may hold a password, so `Debug` masks it.
    pub url: String,
    /// Address for work that needs a session of its own, where `url` leads through a transaction pooler; empty means
    /// `url`.
    pub direct_url: String,
    /// Connections of the pool: to PostgreSQL, besides one that listens, two that store webhooks and six that batch
    /// statements about videos; for SQLite the readers of the file.
    pub max_connections: u32,
    /// Whether `serve` applies pending migrations when it starts.
    pub migrate_on_start: bool,
    /// Whether every database but PostgreSQL is refused.
    pub require_postgres: bool,
}

/// `[auth]`: how callers' tokens are verified.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// HS256 secrets, from the environment alone.
    #[serde(skip)]
    pub jwt_secrets: Vec<SecretString>,
    /// URL or file of a JSON Web Key Set; empty for none.
    pub jwks: String,
    /// The `iss` that a token must have; empty accepts any.
    pub issuer: String,
    /// The `aud` that a token must have; empty accepts any.
    pub audience: String,
    /// Whether a token without a scope of ours may do nothing.
    pub require_scope: bool,
    /// Failed authentications and webhook signatures of one client network in a minute; 0 for no limit.
    pub failures_per_min: u32,
}

impl Auth {
    /// Returns whether neither secrets nor a key set are configured: then the service runs in development mode.
    pub fn is_unset(&self) -> bool {
        self.jwt_secrets.is_empty() && self.jwks.is_empty()
    }
}

/// `[providers]`: the action maps that are loaded.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Providers {
    /// Provider of an upload that names none.
    pub default: String,
    /// Providers that take new uploads.
    pub enabled: Vec<String>,
    /// Folder of further action maps; empty for none.
    pub dir: String,
}

/// `[uploads]`: the defaults of an upload, and the bounds of what its caller may choose.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Uploads {
    /// Playback policy of an upload that names none.
    pub playback_policy: Policy,
    /// Life of an upload URL, in seconds.
    pub ttl_s: u64,
    /// Quality of an upload that names none.
    pub quality: String,
    /// Playback policies that callers may choose.
    pub allowed_policies: Vec<Policy>,
    /// Qualities that callers may choose. Empty in the file means `quality` alone; validation fills it in.
    pub allowed_qualities: Vec<String>,
    /// Providers that callers may choose. Empty in the file means `providers.enabled`; validation fills it in.
    pub allowed_providers: Vec<String>,
    /// JSON pointers into `provider_settings` that callers may set.
    pub allowed_settings: Vec<String>,
    /// Origins whose pages may send files.
    pub cors_origins: Vec<String>,
    /// Uploads that one owner may begin in a minute; 0 for no limit.
    pub per_owner_per_min: u32,
    /// Uploads of one owner that may wait for their file at the same time; 0 for no limit.
    pub max_open_per_owner: u32,
    /// Largest file, in bytes; 0 for no limit.
    pub max_bytes: u64,
    /// Longest video, in seconds; 0 for no limit.
    pub max_duration_s: u64,
    /// Media types that may be uploaded, as [patterns](crate::domain::is_content_pattern); empty for any.
    pub content_types: Vec<String>,
    /// Days after which a video of an upload that names no `delete_at` is deleted; 0 for never.
    pub delete_after_days: u32,
}

/// `[quota]`: what one owner may keep. 0 is no limit.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quota {
    /// Videos that are not deleted.
    pub videos: u64,
    /// Minutes of video, as providers report them.
    pub minutes: u64,
    /// Bytes of files, as callers told them.
    pub bytes: u64,
}

impl Uploads {
    /// Returns the `delete_at` of an upload that begins at `now` and names none.
    pub fn delete_at(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        (self.delete_after_days > 0).then(|| now + Duration::days(i64::from(self.delete_after_days)))
    }
}

/// `[playback]`: the life of signed addresses, and the sizes of thumbnails.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Playback {
    /// Life of a signed address where the caller names none, in seconds.
    pub ttl_s: u64,
    /// Longest life that a caller may request, in seconds.
    pub max_ttl_s: u64,
    /// Thumbnail sizes: name → width in pixels.
    pub thumbnails: BTreeMap<String, u32>,
    /// Playback answers have the title, for whoever may play the video.
    pub show_titles: bool,
}

/// `[inbox]`: the life of stored webhook events.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inbox {
    /// Hours that an event waits for the row of its video.
    pub park_for_h: u32,
    /// Days until a finished event is deleted.
    pub keep_days: u32,
    /// Attempts to apply an event before it is given up.
    pub max_attempts: u32,
}

/// `[reconcile]`: the schedule of lookups at the provider.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reconcile {
    /// Seconds between passes.
    pub interval_s: u64,
    /// Seconds until the first lookup of a video.
    pub first_after_s: u64,
    /// Longest interval between two lookups of an unfinished video, in seconds.
    pub max_interval_s: u64,
    /// Days between two lookups of a ready video; 0 for never.
    pub ready_every_days: u32,
    /// Hours until the row of a deleted video is purged.
    pub purge_after_h: u32,
}

/// `[replace]`: the file that another one took the place of.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replace {
    /// Seconds that it is kept at its provider; 0 to delete it at once.
    pub keep_old_s: u64,
}

/// `[events]`: the application's endpoints, which receive the outgoing events.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Events {
    /// The endpoints that events are sent to; empty for none.
    pub endpoints: Vec<Endpoint>,
    /// Whether endpoints may have private addresses, and plain http.
    pub allow_private: bool,
    /// Secrets that sign the events of endpoints without secrets of their own, of the form `whsec_<base64>`, from the environment alone; checked by
    /// [`decode_signing_secret`](crate::config::decode_signing_secret).
    #[serde(skip)]
    pub secrets: Vec<SecretString>,
}

/// `[log]`: the layout and the filter of log lines.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// Layout of a line.
    pub format: LogFormat,
    /// Filter in the syntax of `RUST_LOG`.
    pub filter: String,
}

/// Layout of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One compact line, for people.
    Pretty,
    /// One JSON object a line.
    Json,
}

impl Database {
    /// Returns whether `url` names a SQLite file.
    pub fn is_sqlite(&self) -> bool {
        self.url.starts_with("sqlite:")
    }

    /// Returns server and name of a PostgreSQL database, without user, password and parameters: for log lines.
    pub fn server_and_name(&self) -> String {
        database::server_and_name(&self.url)
    }
}

// Why by hand: a derived one would show the passwords in both URLs.
impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database")
            .field("url", &database::mask_url(&self.url))
            .field("direct_url", &database::mask_url(&self.direct_url))
            .field("max_connections", &self.max_connections)
            .field("migrate_on_start", &self.migrate_on_start)
            .field("require_postgres", &self.require_postgres)
            .finish()
    }
}
