//! One attempt to send one event: an HTTP request to the endpoint, to public addresses only.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, header, redirect};
use url::Url;

use super::sign::Signer;
use crate::address;
use crate::chain::Chain;
use crate::config::Events;
use crate::domain::OutgoingEvent;

/// Longest time that an endpoint may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Longest wait that an endpoint may ask for by `Retry-After`, in seconds.
const LONGEST_RETRY_AFTER_S: i64 = 3600;

/// The HTTP client for endpoints, and the signers of their events.
///
/// Why without proxy, redirects and pooled connections: each attempt resolves and checks the address that it connects
/// to.
#[derive(Debug)]
pub(super) struct Sender {
    client: Client,
    /// The signer of each endpoint, by its URL.
    signers: HashMap<String, Signer>,
    /// `events.allow_private`: private addresses are allowed too.
    allow_private: bool,
}

/// The result of one attempt.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    /// The status of the endpoint's answer; `None` where none came.
    pub(super) status: Option<u16>,
    /// The reason of a failure, without the endpoint's address; of no use where the status is 2xx.
    pub(super) problem: String,
    /// The wait that the endpoint asked for; zero where it asked for none.
    pub(super) retry_after: chrono::Duration,
}

impl Attempt {
    /// Creates the result of an attempt that brought no answer.
    fn from_failure(problem: impl Into<String>) -> Self {
        Self {
            status: None,
            problem: problem.into(),
            retry_after: chrono::Duration::zero(),
        }
    }
}

impl Sender {
    /// Creates a sender by the settings of `[events]`.
    ///
    /// # Errors
    /// The TLS backend cannot be set up.
    pub(super) fn new(settings: &Events) -> Result<Self, reqwest::Error> {
        let mut builder = Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .timeout(TIMEOUT)
            .pool_max_idle_per_host(0)
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")));
        if !settings.allow_private {
            builder = builder.dns_resolver(Arc::new(PublicOnly));
        }
        Ok(Self {
            client: builder.build()?,
            signers: settings
                .endpoints
                .iter()
                .map(|endpoint| (endpoint.url.clone(), Signer::new(&endpoint.secrets)))
                .collect(),
            allow_private: settings.allow_private,
        })
    }

    /// Sends the event once, signed with `now`.
    pub(super) async fn send(&self, event: &OutgoingEvent, now: DateTime<Utc>) -> Attempt {
        let Ok(url) = Url::parse(&event.endpoint) else {
            return Attempt::from_failure("the endpoint is no URL");
        };
        let Some(signer) = self.signers.get(&event.endpoint) else {
            return Attempt::from_failure("the endpoint is not in the settings any more");
        };
        if !self.allow_private && address::is_private_literal(&url) {
            return Attempt::from_failure(NotPublic.to_string());
        }
        let (id, at) = (event.message_id(), now.timestamp());
        let request = self
            .client
            .post(url)
            .header(header::CONTENT_TYPE, "application/json")
            .header("webhook-id", &id)
            .header("webhook-timestamp", at)
            .header(
                "webhook-signature",
                signer.signatures(&id, at, event.payload.as_bytes()),
            )
            .body(event.payload.clone());
        match request.send().await {
            Ok(response) => read_response(&response, now),
            Err(error) => Attempt::from_failure(describe_failure(&error)),
        }
    }
}

/// Reads status and `Retry-After` (seconds or a date) of a response. The body is not read.
fn read_response(response: &reqwest::Response, now: DateTime<Utc>) -> Attempt {
    let status = response.status().as_u16();
    let text = response
        .headers()
        .get(header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok());
    let seconds = text.and_then(|text| {
        let at = || httpdate::parse_http_date(text).ok();
        let until = || at().map(|at| (DateTime::<Utc>::from(at) - now).num_seconds());
        text.parse().ok().or_else(until)
    });
    Attempt {
        status: Some(status),
        problem: format!("it answered {status}"),
        retry_after: chrono::Duration::seconds(seconds.unwrap_or(0).clamp(0, LONGEST_RETRY_AFTER_S)),
    }
}

/// A resolver that returns public addresses alone.
///
/// Why in the resolver: the connection goes to the addresses that it returns and nowhere else, so a name that changes its
/// address between a check and the connection gains nothing.
#[derive(Debug)]
struct PublicOnly;

/// All addresses of the endpoint are private.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("its address is private: set events.allow_private to allow it")]
struct NotPublic;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let public: Vec<SocketAddr> = found
                .into_iter()
                .filter(|address| address::is_public(address.ip()))
                .collect();
            // Why an error of its own: the text must name the setting, and not only say that nothing was found.
            if public.is_empty() {
                return Err(NotPublic.into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// Describes why no answer came, without the endpoint's address.
fn describe_failure(error: &reqwest::Error) -> String {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    if causes.into_iter().any(<dyn std::error::Error>::is::<NotPublic>) {
        return NotPublic.to_string();
    }
    let what = if error.is_timeout() {
        "it did not answer in time"
    } else if error.is_connect() {
        "no connection could be made"
    } else {
        "its answer broke off"
    };
    // Why the cause alone: the text of the error itself has the address.
    match std::error::Error::source(error) {
        Some(cause) => format!("{what}: {}", Chain(cause)),
        None => what.to_owned(),
    }
}
