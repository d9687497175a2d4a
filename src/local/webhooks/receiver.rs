//! The receivers of webhooks: the service's own route, and the addresses of `local.webhook_urls`.

use crate::local::options::Options;

/// The name of the service's own route in `deliveries`; see [`Receiver::stored_as`].
pub(crate) const OWN_ROUTE: &str = "";

/// One receiver of webhooks.
#[derive(Clone, Debug)]
pub(crate) struct Receiver {
    /// Its place among the receivers, from 1 on: the `webhook_id` of an envelope.
    pub(crate) number: usize,
    /// Its name in `deliveries`: [`OWN_ROUTE`], or the URL.
    // Why not the URL of the own route: its port is another one after each start.
    pub(crate) stored_as: String,
    pub(crate) url: String,
}

/// Returns the receivers that the options name: the own route first, where there is one.
pub(crate) fn list_receivers(options: &Options) -> Vec<Receiver> {
    let own = Some(&options.webhook_url).filter(|url| !url.is_empty());
    let own = own.map(|url| (OWN_ROUTE, url));
    let others = options
        .settings
        .webhook_urls
        .iter()
        .map(|url| (url.as_str(), url));
    own.into_iter()
        .chain(others)
        .zip(1..)
        .map(|((stored_as, url), number)| Receiver {
            number,
            stored_as: stored_as.to_owned(),
            url: url.clone(),
        })
        .collect()
}
