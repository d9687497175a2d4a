//! `[local]`: the settings of the built-in provider.

use std::path::PathBuf;

use serde::Deserialize;

/// Where the built-in provider keeps its files, and what it allows itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Local {
    /// Folder of originals, renditions and the provider's own database; made at first start.
    pub dir: PathBuf,
    /// Where browsers reach the provider; empty means `http.public_url` + `/local`.
    pub public_url: String,
    /// Largest file that may be uploaded, in bytes.
    pub max_bytes: u64,
    /// Free bytes that the disk must keep.
    pub min_free_bytes: u64,
    /// Uploads that one owner may have waiting for a file at the same time.
    pub max_open_uploads_per_owner: u32,
    /// Bytes that are kept on the disk for one owner, renditions included; 0: no limit.
    pub max_bytes_per_owner: u64,
    /// Transcodes that may run at the same time.
    pub jobs: usize,
    /// Faults made on purpose.
    pub chaos: Chaos,
}

/// `[local.chaos]`: faults that the built-in provider makes on purpose. Shares lie in 0.0 to 1.0; all are 0 by default.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chaos {
    /// Share of webhooks sent twice.
    pub duplicate: f64,
    /// Share of webhooks held back for up to `delay_s`.
    pub delay: f64,
    /// Longest delay, in seconds.
    pub delay_s: u64,
    /// Share of webhooks that swap places with the next one.
    pub reorder: f64,
    /// Share of webhooks never sent.
    pub drop: f64,
    /// Share of API calls answered with 429.
    pub too_many_requests: f64,
    /// Share of API calls answered with 500.
    pub server_error: f64,
}
