//! Inputs by URL: what may be fetched, and how long it may take. [`fetch`](super::fetch) keeps to it.

use std::{io, net::IpAddr, sync::Arc, time::Duration};

use futures::future::BoxFuture;

use crate::{address, config};

/// The rules and bounds of inputs by URL: part of [`Options`](crate::local::Options).
#[derive(Clone, Debug, Default)]
pub struct FetchOptions {
    /// `[ingest]`: the hosts that a source may redirect to, beside its own; whether plain http and private addresses are
    /// allowed.
    pub ingest: config::Ingest,
    /// The bounds of time.
    pub times: FetchTimes,
    /// How hosts become addresses.
    pub network: Network,
}

/// The bounds of time of a fetch.
#[derive(Clone, Copy, Debug)]
pub struct FetchTimes {
    /// Longest wait for a connection.
    pub connect: Duration,
    /// Longest wait for the head of an answer, connection included.
    pub head: Duration,
    /// Longest pause between two pieces of a body.
    pub stall: Duration,
    /// Time in which a source must bring at least 1 MiB, or the rest.
    pub window: Duration,
    /// Longest time of all tries together.
    pub whole: Duration,
    /// Pause behind the first failed try; it doubles with each further one, up to 64 times this.
    pub pause: Duration,
}

impl Default for FetchTimes {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            head: Duration::from_secs(30),
            stall: Duration::from_secs(30),
            window: Duration::from_mins(5),
            whole: Duration::from_hours(12),
            pause: Duration::from_secs(5),
        }
    }
}

/// The addresses of a host.
pub type Resolved = BoxFuture<'static, io::Result<Vec<IpAddr>>>;

/// How hosts become addresses, and which addresses are public. The default asks the system; tests bring their own.
#[derive(Clone)]
pub struct Network {
    resolve: Arc<dyn Fn(String) -> Resolved + Send + Sync>,
    is_public: fn(IpAddr) -> bool,
}

impl Network {
    /// Makes a network with a resolver and a judge of addresses.
    pub fn new(
        resolve: impl Fn(String) -> Resolved + Send + Sync + 'static,
        is_public: fn(IpAddr) -> bool,
    ) -> Self {
        Self {
            resolve: Arc::new(resolve),
            is_public,
        }
    }

    /// Returns the addresses of a host.
    pub(crate) fn resolve(&self, host: String) -> Resolved {
        (self.resolve)(host)
    }

    /// Returns whether files may be fetched from an address: a public one, or a private one where those are allowed. A
    /// cloud's metadata is never fetched.
    pub(crate) fn may_reach(&self, address: IpAddr, allow_private: bool) -> bool {
        (self.is_public)(address) || (allow_private && !address::is_metadata(address))
    }
}

impl Default for Network {
    fn default() -> Self {
        let resolve = |host: String| -> Resolved {
            Box::pin(async move {
                let found = tokio::net::lookup_host((host.as_str(), 0)).await?;
                Ok(found.map(|address| address.ip()).collect())
            })
        };
        Self::new(resolve, address::is_public)
    }
}

impl std::fmt::Debug for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Network").finish_non_exhaustive()
    }
}
