//! Connections to sources: to addresses that may be reached, and nowhere else.

use std::{io, net::SocketAddr, sync::Arc};

use reqwest::{
    Client,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect,
};

use crate::local::fetch_options::{FetchOptions, Network};

/// The rules of inputs by URL, and the client that keeps them.
pub(crate) struct Fetcher {
    pub(crate) options: FetchOptions,
    pub(super) client: Client,
}

impl Fetcher {
    /// Builds the client: no proxy, no redirects, no cookies, no pooled connections, and addresses by [`JudgedResolver`].
    ///
    /// # Errors
    /// The TLS backend cannot be set up.
    pub(crate) fn new(options: FetchOptions) -> Result<Self, reqwest::Error> {
        let resolver = JudgedResolver {
            network: options.network.clone(),
            allow_private: options.ingest.allow_private,
        };
        let client = Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .referer(false)
            // Why: each request resolves and judges the address that it connects to.
            .pool_max_idle_per_host(0)
            .connect_timeout(options.times.connect)
            .dns_resolver(Arc::new(resolver))
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { options, client })
    }
}

/// A resolver that returns addresses that may be reached, alone.
///
/// Why in the resolver: the connection goes to the addresses that it returns and nowhere else, so a name that changes its
/// address between a check and the connection gains nothing.
#[derive(Debug)]
struct JudgedResolver {
    network: Network,
    allow_private: bool,
}

/// All addresses of the host are private.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("its address is private")]
pub(super) struct NotPublic;

impl Resolve for JudgedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (network, allow_private) = (self.network.clone(), self.allow_private);
        Box::pin(async move {
            let found = network.resolve(name.as_str().to_owned()).await?;
            if found.is_empty() {
                return Err(io::Error::from(io::ErrorKind::NotFound).into());
            }
            let reachable: Vec<SocketAddr> = found
                .into_iter()
                .filter(|address| network.may_reach(*address, allow_private))
                .map(|address| SocketAddr::new(address, 0))
                .collect();
            if reachable.is_empty() {
                return Err(NotPublic.into());
            }
            Ok(Box::new(reachable.into_iter()) as Addrs)
        })
    }
}
