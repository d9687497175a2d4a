//! The wire: one HTTP client a provider, which follows no redirect and reads a bounded body.

use std::error::Error;
use std::time::Duration;

use chrono::{DateTime, Utc};
use url::Url;

use crate::chain::Chain;
use crate::provider::error::CallError;

/// Bytes of the largest response body that is read: 1 MiB. API responses are far smaller.
const BODY_MAX_BYTES: usize = 1024 * 1024;

/// Builds the HTTP client. `timeout_s` bounds a whole call, its body included; connecting takes at most 5 s of it.
///
/// # Errors
/// `timeout_s` is too large for a [`Duration`], or TLS cannot be set up.
pub(super) fn build_http_client(timeout_s: f64) -> Result<reqwest::Client, Box<dyn Error>> {
    let timeout = Duration::try_from_secs_f64(timeout_s)?;
    Ok(reqwest::Client::builder()
        // Why: a redirect would carry our credentials to an address that the map does not name.
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(timeout)
        .connect_timeout(timeout.min(Duration::from_secs(5)))
        .pool_idle_timeout(Duration::from_mins(1))
        .tcp_nodelay(true)
        .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
        .build()?)
}

/// Reads the body of a response.
///
/// # Errors
/// [`CallError::Outage`] where it breaks off or is larger than 1 MiB.
pub(super) async fn read_body(mut response: reqwest::Response, url: &Url) -> Result<Vec<u8>, CallError> {
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| CallError::outage(describe_transport_error(&error, url)))?
    {
        // Why while reading: `Content-Length` may be missing or wrong.
        if body.len() + chunk.len() > BODY_MAX_BYTES {
            return Err(CallError::outage("its answer is larger than 1 MiB"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Describes a failed exchange for the log: the kind of failure, the host and the cause, without path, query or
/// credentials.
pub(super) fn describe_transport_error(error: &reqwest::Error, url: &Url) -> String {
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
    // Why the causes alone: the error's own text names the whole URL, which may carry secrets.
    match error.source() {
        Some(cause) => format!("{what} ({host}: {})", Chain(cause)),
        None => format!("{what} ({host})"),
    }
}

/// Parses a time as HTTP headers write it; `None` where it is none.
pub(super) fn parse_http_date(text: &str) -> Option<DateTime<Utc>> {
    httpdate::parse_http_date(text).ok().map(DateTime::from)
}
