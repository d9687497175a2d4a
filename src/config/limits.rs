//! The limits of `[http]`: what of them makes sense.

use super::Http;
use crate::limits::Network;

impl Http {
    /// Whether as much is done at the same time as with `other`.
    pub(crate) fn admits_like(&self, other: &Self) -> bool {
        let of = |http: &Self| (http.max_requests, http.max_waiting);
        of(self) == of(other)
    }
}

/// Reads the networks and looks at the ranges. The key that is wrong, and what is allowed.
pub(super) fn check(http: &mut Http) -> Result<(), (&'static str, String)> {
    let read = |text: &String| {
        let network = text.parse::<Network>();
        network.map_err(|error| ("http.trusted_proxies", format!("\"{text}\" is {error}")))
    };
    http.proxies = http.trusted_proxies.iter().map(read).collect::<Result<_, _>>()?;
    let connections = u64::try_from(http.max_connections).unwrap_or(u64::MAX);
    let of_address = u64::try_from(http.max_connections_per_address).unwrap_or(u64::MAX);
    let requests = u64::try_from(http.max_requests).unwrap_or(u64::MAX);
    let waiting = u64::try_from(http.max_waiting).unwrap_or(u64::MAX);
    let rules = [
        ("http.max_connections", connections, 16, 1_000_000),
        ("http.max_connections_per_address", of_address, 0, 1_000_000),
        ("http.max_requests", requests, 1, 100_000),
        ("http.max_waiting", waiting, 0, 1_000_000),
        ("http.header_timeout_s", http.header_timeout_s, 1, 600),
        ("http.body_timeout_s", http.body_timeout_s, 1, 600),
    ];
    match rules
        .into_iter()
        .find(|(_, value, least, most)| !(least..=most).contains(&value))
    {
        Some((key, _, least, most)) => Err((key, format!("must lie in {least} to {most}"))),
        None => Ok(()),
    }
}
