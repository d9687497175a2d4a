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

/// Reads the networks and looks at the ranges. Each key that is wrong, and what is allowed.
pub(super) fn check(http: &mut Http) -> Vec<(&'static str, String)> {
    let mut problems = Vec::new();
    http.proxies.clear();
    for text in &http.trusted_proxies {
        match text.parse::<Network>() {
            Ok(network) => http.proxies.push(network),
            Err(error) => problems.push(("http.trusted_proxies", format!("\"{text}\" is {error}"))),
        }
    }
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
    let outside = rules
        .into_iter()
        .filter(|(_, value, least, most)| !(least..=most).contains(&value))
        .map(|(key, _, least, most)| (key, format!("must lie in {least} to {most}")));
    problems.extend(outside);
    problems
}
