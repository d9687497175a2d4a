//! The client's address, and what failed authentication costs it.
//!
//! The address is the connection's, or, where the connection is a proxy of `http.trusted_proxies`, what that proxy says
//! in `Forwarded` or `X-Forwarded-For`.
//!
//! A refused token, ticket or signature is counted against the client's network; with more than
//! `auth.failures_per_min` of them in a minute, each further one is a 429 ([`penalize`]). A request with valid
//! credentials is never counted here.

use std::net::{IpAddr, SocketAddr};

use http::request::Parts;
use http::{Extensions, HeaderMap, header};

use super::request_id::read_request_id;
use crate::auth::AuthError;
use crate::http::problem::ApiError;
use crate::http::server::PeerAddress;
use crate::limits::{Network, client_network};
use crate::provider::Refused;
use crate::state::AppState;

/// Returns the client's address; `None` where the listener does not record its connections' addresses.
pub(crate) fn client_address(state: &AppState, parts: &Parts) -> Option<IpAddr> {
    let PeerAddress(peer) = parts.extensions.get::<PeerAddress>()?;
    Some(resolve_client(
        peer.ip(),
        &parts.headers,
        &state.settings.http.proxies,
    ))
}

/// Returns the client's network ([`client_network`](crate::limits::client_network)); `None` where the listener does not record its connections' addresses.
pub(super) fn resolve_network(
    extensions: &Extensions,
    headers: &HeaderMap,
    proxies: &[Network],
) -> Option<IpAddr> {
    let PeerAddress(peer) = extensions.get::<PeerAddress>()?;
    Some(client_network(resolve_client(peer.ip(), headers, proxies)))
}

/// Counts a failure against the client's network. Returns `refusal`, or a 429 where the network's quota of failures is
/// used up.
fn penalize(state: &AppState, parts: &Parts, refusal: ApiError) -> ApiError {
    let Some(network) = client_address(state, parts).map(client_network) else {
        return refusal;
    };
    let quota = state.failure_quotas.try_take(&network, state.clock.now());
    match quota.filter(|quota| quota.retry_after.is_some()) {
        Some(quota) => ApiError::OverQuota("failures", quota),
        None => refusal,
    }
}

/// Refuses a token or a ticket: 401, or 429 ([`penalize`]). The exact reason is logged, within the limits of
/// [`LogLimits`](crate::telemetry::LogLimits); the caller sees [`AuthError::detail`] alone.
pub(crate) fn refuse_token(state: &AppState, parts: &Parts, refusal: &AuthError) -> ApiError {
    let network = client_address(state, parts).map(client_network);
    if state.log_limits.tokens.admit((network, refusal.kind())) {
        tracing::info!(
            reason = %refusal,
            client.network = network.map(tracing::field::display),
            request.id = read_request_id(&parts.headers),
            "a token was refused"
        );
    }
    penalize(state, parts, ApiError::Unauthenticated(refusal.detail()))
}

/// Refuses a webhook of `provider` whose signature does not hold: 401, or 429 ([`penalize`]). The reason is logged,
/// within the limits of [`LogLimits`](crate::telemetry::LogLimits), and the webhook is counted.
pub(crate) fn refuse_webhook(state: &AppState, parts: &Parts, provider: &str, refusal: Refused) -> ApiError {
    let network = client_address(state, parts).map(client_network);
    if state.log_limits.webhooks.admit((network, provider)) {
        tracing::warn!(
            provider,
            reason = %refusal,
            client.network = network.map(tracing::field::display),
            request.id = read_request_id(&parts.headers),
            "a webhook was refused"
        );
    }
    state.metrics.record_webhook(provider, "unverified", "refused");
    penalize(state, parts, ApiError::InvalidSignature)
}

/// Returns the nearest address that is not one of our proxies.
///
/// Why nearest: each proxy appends the address that it sees, and anybody may have written what stands before. A proxy
/// writes one of the two headers and may pass the other on as its client sent it: where the two disagree, the result is
/// the proxy's own address.
fn resolve_client(peer: IpAddr, headers: &HeaderMap, proxies: &[Network]) -> IpAddr {
    // Why: most requests come straight from a client, whose headers need not be read then.
    if !proxies.iter().any(|network| network.contains(peer)) {
        return peer;
    }
    let chains = [read_forwarded(headers), read_x_forwarded_for(headers)];
    let mut named = chains
        .into_iter()
        .filter(|chain| !chain.is_empty())
        .map(|chain| nearest_untrusted(peer, chain, proxies));
    match (named.next(), named.next()) {
        (None, _) => peer,
        (Some(one), Some(other)) if one != other => peer,
        (Some(one), _) => one,
    }
}

/// Walks `chain` from its end, the nearest address, for as long as the addresses are our proxies. Ends at an element
/// that cannot be read (`None`) with the address before it.
fn nearest_untrusted(peer: IpAddr, chain: Vec<Option<IpAddr>>, proxies: &[Network]) -> IpAddr {
    let is_ours = |address: IpAddr| proxies.iter().any(|network| network.contains(address));
    let mut nearest = peer;
    let mut chain = chain.into_iter().rev();
    while is_ours(nearest) {
        match chain.next() {
            Some(Some(address)) => nearest = address,
            Some(None) | None => break,
        }
    }
    nearest
}

/// Reads the addresses of `X-Forwarded-For`, farthest first; `None` for an element that is not an address.
fn read_x_forwarded_for(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    list_elements(headers, "x-forwarded-for")
        .map(parse_address)
        .collect()
}

/// Reads the `for=` addresses of `Forwarded` (RFC 7239), farthest first; `None` for an element without a readable one.
fn read_forwarded(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let parse_element = |element: &str| {
        let pairs = element.split(';').filter_map(|pair| pair.split_once('='));
        let mut named = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case("for"));
        named.next().and_then(|(_, value)| parse_address(value))
    };
    list_elements(headers, header::FORWARDED.as_str())
        .map(parse_element)
        .collect()
}

/// Returns the comma-separated elements of all headers of this name, in order.
fn list_elements<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = &'a str> {
    let all = headers.get_all(name).into_iter();
    all.flat_map(|value| value.to_str().unwrap_or_default().split(','))
}

/// Parses `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1` or `[2001:db8::1]:80`, quoted or not.
fn parse_address(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    bare.parse().ok().or_else(with_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, headers: &[(&'static str, &str)]) -> String {
        let proxies = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let headers = headers
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()))
            .collect();
        resolve_client(peer.parse().unwrap(), &headers, &proxies).to_string()
    }

    #[test]
    fn only_our_proxies_are_believed() {
        let spoofed = [("x-forwarded-for", "1.1.1.1")];
        assert_eq!(seen("8.8.8.8", &spoofed), "8.8.8.8");
        assert_eq!(seen("10.0.0.1", &spoofed), "1.1.1.1");
        assert_eq!(
            seen("10.0.0.1", &[("x-forwarded-for", "6.6.6.6, 1.1.1.1, 10.0.0.2")]),
            "1.1.1.1"
        );
        assert_eq!(
            seen("10.0.0.1", &[("x-forwarded-for", "6.6.6.6, unknown, 10.0.0.2")]),
            "10.0.0.2"
        );
        assert_eq!(seen("10.0.0.1", &[]), "10.0.0.1");
        let standard = [(
            "forwarded",
            "for=6.6.6.6, For=\"[2001:db8::1]:4711\";proto=https;by=10.0.0.1",
        )];
        assert_eq!(seen("fd00::1", &standard), "2001:db8::1");
        assert_eq!(
            seen("10.0.0.1", &[("x-forwarded-for", "1.1.1.1:4711")]),
            "1.1.1.1"
        );
    }

    #[test]
    fn the_header_that_the_proxy_did_not_write_is_not_believed() {
        let both = |other: &'static str| {
            let mine = ("x-forwarded-for", "1.1.1.1");
            seen("10.0.0.1", &[mine, ("forwarded", other)])
        };
        assert_eq!(both("for=1.1.1.1"), "1.1.1.1");
        assert_eq!(both("for=6.6.6.6"), "10.0.0.1");
        assert_eq!(both("by=nobody"), "10.0.0.1");
    }
}
