//! The wire: one HTTP client a provider, which follows nothing and reads no more than it must.

use std::error::Error;
use std::time::Duration;

use chrono::{DateTime, Utc};
use url::Url;

use crate::chain::Chain;
use crate::provider::error::CallError;

/// Answers are small; more than this is not read.
const LARGEST_ANSWER: usize = 1024 * 1024;

/// Redirects are never followed, and no proxy is taken from the environment.
pub(super) fn http_client(timeout_s: f64) -> Result<reqwest::Client, Box<dyn std::error::Error>> {
    let timeout = Duration::try_from_secs_f64(timeout_s)?;
    Ok(reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(timeout)
        .connect_timeout(timeout.min(Duration::from_secs(5)))
        .pool_idle_timeout(Duration::from_mins(1))
        .tcp_nodelay(true)
        .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
        .build()?)
}

/// The body, as far as it is allowed to go.
pub(super) async fn read(mut answer: reqwest::Response, url: &Url) -> Result<Vec<u8>, CallError> {
    let mut body = Vec::new();
    while let Some(chunk) = answer
        .chunk()
        .await
        .map_err(|error| CallError::outage(transport(&error, url)))?
    {
        if body.len() + chunk.len() > LARGEST_ANSWER {
            return Err(CallError::outage("its answer is larger than 1 MiB"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// What went wrong on the way, at which host, and why: without path, query and credentials.
pub(super) fn transport(error: &reqwest::Error, url: &Url) -> String {
    let what = if error.is_timeout() {
        "it did not answer in time"
    } else if error.is_connect() {
        "no connection could be made"
    } else if error.is_body() || error.is_decode() {
        "its answer broke off"
    } else {
        "the call could not be made"
    };
    let host = url.host_str().unwrap_or_default();
    // The error's own words name the address; its causes do not.
    match error.source() {
        Some(cause) => format!("{what} ({host}: {})", Chain(cause)),
        None => format!("{what} ({host})"),
    }
}

/// A time as HTTP headers write it.
pub(super) fn http_date(text: &str) -> Option<DateTime<Utc>> {
    httpdate::parse_http_date(text).ok().map(DateTime::from)
}
