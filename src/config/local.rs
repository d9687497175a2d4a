//! `[local]`: the settings of the built-in provider.

use std::path::PathBuf;

use serde::Deserialize;

/// `[local]`: the folder of the built-in provider ([`local`](crate::local)), its limits, and its faults on purpose.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Local {
    /// Folder of originals, renditions and the provider's own database; the first start makes it.
    pub dir: PathBuf,
    /// Address at which browsers reach the provider; empty means `http.public_url` + `/local`.
    pub public_url: String,
    /// Largest upload, in bytes.
    pub max_bytes: u64,
    /// Bytes of the disk that must stay free; uploads are refused below.
    pub min_free_bytes: u64,
    /// Uploads of one owner that may wait for their file at the same time.
    pub max_open_uploads_per_owner: u32,
    /// Bytes on the disk that one owner may use, renditions included; 0 for no limit.
    pub max_bytes_per_owner: u64,
    /// Most encodes at the same time.
    pub jobs: usize,
    /// Further URLs that the provider's webhooks are sent to, beside the service's own route.
    pub webhook_urls: Vec<String>,
    /// Faults on purpose.
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
