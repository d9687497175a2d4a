//! One try to deliver one event.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, header, redirect};
use url::{Host, Url};

use super::address;
use super::sign::Signer;
use crate::chain::Chain;
use crate::config::Events;
use crate::domain::OutgoingEvent;

/// Longest that an endpoint may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest that an endpoint may put us off by `Retry-After`.
const LONGEST_PUT_OFF_S: i64 = 3600;

/// Speaks to endpoints: no proxy, no redirects, no connection kept, so that every try looks at the address anew.
#[derive(Debug)]
pub(super) struct Sender {
    client: Client,
    signer: Signer,
    allow_private: bool,
}

/// What came of a try.
#[derive(Clone, Debug)]
pub(super) struct Tried {
    /// What the endpoint answered.
    pub(super) status: Option<u16>,
    /// Why it counts as no delivery, if it does; without the address.
    pub(super) problem: String,
    /// How long the endpoint wants to be left alone.
    pub(super) retry_after: chrono::Duration,
}

impl Tried {
    fn failed(problem: impl Into<String>) -> Self {
        Self {
            status: None,
            problem: problem.into(),
            retry_after: chrono::Duration::zero(),
        }
    }
}

impl Sender {
    /// By the settings of `[events]`.
    pub(super) fn new(settings: &Events) -> Result<Self, reqwest::Error> {
        let mut builder = Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .timeout(PATIENCE)
            .pool_max_idle_per_host(0)
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")));
        if !settings.allow_private {
            builder = builder.dns_resolver(Arc::new(PublicOnly));
        }
        Ok(Self {
            client: builder.build()?,
            signer: Signer::new(&settings.secrets),
            allow_private: settings.allow_private,
        })
    }

    /// Sends the event once, signed with the time of this try.
    pub(super) async fn send(&self, event: &OutgoingEvent, now: DateTime<Utc>) -> Tried {
        let Ok(url) = Url::parse(&event.endpoint) else {
            return Tried::failed("the endpoint is no URL");
        };
        if !self.allow_private && is_private_literal(&url) {
            return Tried::failed(NotPublic.to_string());
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
                self.signer.signatures(&id, at, event.payload.as_bytes()),
            )
            .body(event.payload.clone());
        match request.send().await {
            Ok(answer) => answered(&answer, now),
            Err(error) => Tried::failed(reason(&error)),
        }
    }
}

fn answered(answer: &reqwest::Response, now: DateTime<Utc>) -> Tried {
    let status = answer.status().as_u16();
    let text = answer
        .headers()
        .get(header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok());
    let seconds = text.and_then(|text| {
        let at = || httpdate::parse_http_date(text).ok();
        let until = || at().map(|at| (DateTime::<Utc>::from(at) - now).num_seconds());
        text.parse().ok().or_else(until)
    });
    Tried {
        status: Some(status),
        problem: format!("it answered {status}"),
        retry_after: chrono::Duration::seconds(seconds.unwrap_or(0).clamp(0, LONGEST_PUT_OFF_S)),
    }
}

/// A host that is written as an address never reaches the resolver.
fn is_private_literal(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(v4)) => !address::is_public(v4.into()),
        Some(Host::Ipv6(v6)) => !address::is_public(v6.into()),
        Some(Host::Domain(_)) => false,
        None => true,
    }
}

/// Resolves to public addresses alone. The connection goes to what this returns and nowhere else, so a name that
/// changes its address between two looks gains nothing.
#[derive(Debug)]
struct PublicOnly;

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
            if public.is_empty() {
                return Err(NotPublic.into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// What went wrong on the way, and why, without the address.
fn reason(error: &reqwest::Error) -> String {
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
    // The error's own words name the address; its causes do not.
    match std::error::Error::source(error) {
        Some(cause) => format!("{what}: {}", Chain(cause)),
        None => what.to_owned(),
    }
}
