//! Who is at the other end: the connection's address, or what a trusted proxy says of it.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, header};

use super::error::ApiError;
use crate::limits::{Network, network_of};
use crate::state::AppState;

/// The address of the connection, as the server saw it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// A refusal for want of a valid token or signature: counted against the caller's address, and a 429 where these are
/// too many. What is valid never comes here.
pub(crate) fn failed(state: &AppState, parts: &http::request::Parts, refusal: ApiError) -> ApiError {
    let Some(Peer(peer)) = parts.extensions.get::<Peer>() else {
        return refusal;
    };
    let address = client(peer.ip(), &parts.headers, &state.settings.http.proxies);
    let quota = state.failures.take(network_of(address), state.clock.now());
    match quota.and_then(|quota| quota.refused) {
        Some(wait) => ApiError::RateLimited(wait),
        None => refusal,
    }
}

/// The nearest address that is no proxy of ours. What stands before it in the headers anybody may have written.
fn client(peer: IpAddr, headers: &HeaderMap, proxies: &[Network]) -> IpAddr {
    let ours = |address: IpAddr| proxies.iter().any(|network| network.contains(address));
    let mut nearest = peer;
    let mut told = forwarded_for(headers).into_iter().rev();
    while ours(nearest) {
        match told.next() {
            Some(Some(address)) => nearest = address,
            // Unreadable, or nothing more is said.
            Some(None) | None => break,
        }
    }
    nearest
}

/// The addresses of `Forwarded`, or else of `X-Forwarded-For`, farthest first.
fn forwarded_for(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let values = |name: &str| -> Vec<String> {
        let all = headers.get_all(name).iter();
        all.flat_map(|value| value.to_str().unwrap_or_default().split(','))
            .map(str::to_owned)
            .collect()
    };
    let forwarded = values(header::FORWARDED.as_str());
    if forwarded.is_empty() {
        return values("x-forwarded-for")
            .iter()
            .map(|text| address(text))
            .collect();
    }
    let of_element = |element: &String| {
        let pairs = element.split(';').filter_map(|pair| pair.split_once('='));
        let mut named = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case("for"));
        named.next().and_then(|(_, value)| address(value))
    };
    forwarded.iter().map(of_element).collect()
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
}
