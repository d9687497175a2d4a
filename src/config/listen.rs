//! Listen addresses.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Deserializer, de};

/// Parses a listen address, such as [`Http::listen`](super::settings::Http::listen). `:8080` and `*:8080` mean all IPv4
/// addresses, `localhost:8080` means 127.0.0.1.
///
/// # Errors
/// The text in quotes, and the form that was likely meant.
pub(crate) fn parse_address(text: &str) -> Result<SocketAddr, String> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let named = |(host, port): (&str, &str)| {
        let host: IpAddr = match host {
            "" | "*" => IpAddr::from([0, 0, 0, 0]),
            host if host.eq_ignore_ascii_case("localhost") => IpAddr::from([127, 0, 0, 1]),
            // Why no look-up of other names: one may stand for several addresses.
            _ => return None,
        };
        Some(SocketAddr::new(host, port.parse().ok()?))
    };
    text.rsplit_once(':')
        .and_then(named)
        .ok_or_else(|| format!("\"{text}\" {}", describe_problem(text)))
}

/// Describes the mistake in a text that is no listen address, with the right form.
fn describe_problem(text: &str) -> String {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if text.is_empty() {
        return "must be an address such as 127.0.0.1:8080".to_owned();
    }
    if text.contains("://") {
        return "is a URL: give address and port alone, such as 127.0.0.1:8080".to_owned();
    }
    if is_number(text) {
        return format!(
            "is a port alone: write 127.0.0.1:{text} for this machine or :{text} for all addresses"
        );
    }
    match text.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => return format!("has no port: write {text}:8080"),
        Ok(IpAddr::V6(_)) => {
            return "is an IPv6 address without port, or without brackets: write [::1]:8080".to_owned();
        }
        Err(_) => {}
    }
    match text.rsplit_once(':') {
        Some((_, port)) if is_number(port) && port.parse::<u16>().is_err() => {
            "has a port that does not exist: a port is 0 to 65535".to_owned()
        }
        Some((host, port)) if is_number(port) && !host.contains(':') => format!(
            "names a host: give its IP address, localhost:{port} for this machine or :{port} for all addresses"
        ),
        _ => "is no address: write 127.0.0.1:8080, [::1]:8080, or :8080 for all addresses".to_owned(),
    }
}

/// Deserialises a listen address, by [`parse_address`].
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    parse_address(&String::deserialize(deserializer)?).map_err(de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_spellings_are_read_as_what_they_mean() {
        for (text, address) in [
            (":8080", "0.0.0.0:8080"),
            ("*:8080", "0.0.0.0:8080"),
            ("localhost:8080", "127.0.0.1:8080"),
            ("LocalHost:8080", "127.0.0.1:8080"),
            ("[::]:8080", "[::]:8080"),
            ("[::1]:0", "[::1]:0"),
        ] {
            assert_eq!(parse_address(text), Ok(address.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn other_spellings_are_told_how_they_are_written() {
        for (text, words) in [
            ("8080", "port alone: write 127.0.0.1:8080"),
            ("127.0.0.1", "no port: write 127.0.0.1:8080"),
            ("localhost", "is no address"),
            ("::1:8080", "brackets"),
            ("http://0.0.0.0:8080", "is a URL"),
            ("video.example.com:8080", "names a host"),
            ("0.0.0.0:80800", "0 to 65535"),
            (":", "is no address"),
            ("", "such as 127.0.0.1:8080"),
        ] {
            let refused = parse_address(text).unwrap_err();
            assert!(refused.contains(words), "{text}: {refused}");
        }
    }
}
