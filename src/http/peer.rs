//! Who is at the other end: the connection's address, or what a trusted proxy says of it.

use std::net::{IpAddr, SocketAddr};

use http::{Extensions, HeaderMap, header};

use super::error::ApiError;
use super::problems::request_id_of;
use crate::auth::NotBelieved;
use crate::limits::{Network, network_of};
use crate::provider::Refused;
use crate::state::AppState;

/// The address of the connection, as the server saw it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// The network of the client: of the connection, or of what a trusted proxy says. None where the listener does not
/// know connections.
pub(crate) fn network(extensions: &Extensions, headers: &HeaderMap, proxies: &[Network]) -> Option<IpAddr> {
    let Peer(peer) = extensions.get::<Peer>()?;
    Some(network_of(client(peer.ip(), headers, proxies)))
}

/// A refusal for want of a valid token or signature: counted against the caller's address, and a 429 where these are
/// too many. What is valid never comes here.
pub(crate) fn failed(state: &AppState, parts: &http::request::Parts, refusal: ApiError) -> ApiError {
    let Some(network) = address_of(state, parts).map(network_of) else {
        return refusal;
    };
    let quota = state.failures.take(&network, state.clock.now());
    match quota.filter(|quota| quota.refused.is_some()) {
        Some(quota) => ApiError::OverQuota("failures", quota),
        None => refusal,
    }
}

/// Where the request comes from, by `http.trusted_proxies`; `None` where the server did not say.
pub(crate) fn address_of(state: &AppState, parts: &http::request::Parts) -> Option<IpAddr> {
    let Peer(peer) = parts.extensions.get::<Peer>()?;
    Some(client(peer.ip(), &parts.headers, &state.settings.http.proxies))
}

/// [`failed`] for a token or a ticket: the reason is in the log, as often as its limit allows.
pub(crate) fn not_believed(
    state: &AppState,
    parts: &http::request::Parts,
    refusal: &NotBelieved,
) -> ApiError {
    let network = address_of(state, parts).map(network_of);
    if state.log_limits.tokens.admit((network, refusal.kind())) {
        tracing::info!(
            reason = %refusal,
            client.network = network.map(tracing::field::display),
            request.id = request_id_of(&parts.headers),
            "a token was refused"
        );
    }
    failed(state, parts, ApiError::Unauthenticated(refusal.detail()))
}

/// [`failed`] for a webhook of `provider`.
pub(crate) fn not_verified(
    state: &AppState,
    parts: &http::request::Parts,
    provider: &str,
    refusal: Refused,
) -> ApiError {
    let network = address_of(state, parts).map(network_of);
    if state.log_limits.webhooks.admit((network, provider)) {
        tracing::warn!(
            provider,
            reason = %refusal,
            client.network = network.map(tracing::field::display),
            request.id = request_id_of(&parts.headers),
            "a webhook was refused"
        );
    }
    state.metrics.webhook(provider, "unverified", "refused");
    failed(state, parts, ApiError::InvalidSignature)
}

/// The nearest address that is no proxy of ours. What stands before it in the headers anybody may have written. A proxy
/// writes one of the two headers and may leave the other as its client sent it: where they do not agree, it is the
/// proxy's own address.
fn client(peer: IpAddr, headers: &HeaderMap, proxies: &[Network]) -> IpAddr {
    // Why: most requests come straight from a client, whose headers need not be read then.
    if !proxies.iter().any(|network| network.contains(peer)) {
        return peer;
    }
    let told = [forwarded(headers), x_forwarded_for(headers)];
    let mut named = told
        .into_iter()
        .filter(|told| !told.is_empty())
        .map(|told| nearest(peer, told, proxies));
    match (named.next(), named.next()) {
        (None, _) => peer,
        (Some(one), Some(other)) if one != other => peer,
        (Some(one), _) => one,
    }
}

fn nearest(peer: IpAddr, told: Vec<Option<IpAddr>>, proxies: &[Network]) -> IpAddr {
    let ours = |address: IpAddr| proxies.iter().any(|network| network.contains(address));
    let mut nearest = peer;
    let mut told = told.into_iter().rev();
    while ours(nearest) {
        match told.next() {
            Some(Some(address)) => nearest = address,
            // Unreadable, or nothing more is said.
            Some(None) | None => break,
        }
    }
    nearest
}

/// The addresses of `X-Forwarded-For`, farthest first; none where one is not readable.
fn x_forwarded_for(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    elements(headers, "x-forwarded-for").map(address).collect()
}

/// The addresses of `Forwarded` (RFC 7239), farthest first.
fn forwarded(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let of_element = |element: &str| {
        let pairs = element.split(';').filter_map(|pair| pair.split_once('='));
        let mut named = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case("for"));
        named.next().and_then(|(_, value)| address(value))
    };
    elements(headers, header::FORWARDED.as_str())
        .map(of_element)
        .collect()
}

/// What stands between the commas of all headers of this name.
fn elements<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = &'a str> {
    let all = headers.get_all(name).into_iter();
    all.flat_map(|value| value.to_str().unwrap_or_default().split(','))
}

/// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`, quoted or not.
fn address(text: &str) -> Option<IpAddr> {
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
        client(peer.parse().unwrap(), &headers, &proxies).to_string()
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
