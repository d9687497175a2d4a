//! The guard of development mode: a request must look as a browser or tool on this machine makes it.
//!
//! Guards against pages of other sites (DNS rebinding) and against forgotten proxies. A proxy that forwards requests
//! exactly as a browser makes them cannot be detected; for that reason no route gives out a token.

use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Version, header};

use crate::config::is_loopback_origin;

/// Headers that proxies add, besides those that begin with one of [`PROXY_PREFIXES`].
const PROXY_HEADERS: [&str; 5] = ["forwarded", "via", "x-forwarded", "x-real-ip", "true-client-ip"];
/// Prefixes of further headers that proxies add.
const PROXY_PREFIXES: [&str; 2] = ["x-forwarded-", "cf-"];
/// Most characters of a header that an error shows.
const LONGEST_SHOWN: usize = 80;

/// The first sign that a request does not come straight from this machine. `Display` is the rest of a sentence that
/// begins with "This request".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotLocal {
    /// The request is HTTP/1.0 or older: proxies still send that; browsers and tools do not.
    #[error("is {0:?}, as proxies send it")]
    Version(Version),
    /// The request has a header that proxies add.
    #[error("has the header {0}, which proxies add")]
    Proxied(HeaderName),
    /// The request has not exactly one `Host`. Holds their number.
    #[error("has {0} Host headers instead of one")]
    Hosts(usize),
    /// The `Host` is not this machine.
    #[error("has the Host \"{0}\", which is not localhost, 127.0.0.1 or [::1]")]
    Host(String),
    /// The request target names another host than the header.
    #[error("names \"{target}\" in its target and \"{host}\" as its Host")]
    Target {
        /// The authority of the target.
        target: String,
        /// The header.
        host: String,
    },
    /// The request has more than one `Origin`. Holds their number.
    #[error("has {0} Origin headers instead of one")]
    Origins(usize),
    /// The `Origin` is a page that is not of this machine.
    #[error("comes from a page of the Origin \"{0}\", which is not of this machine")]
    Origin(String),
}

/// Checks that a request looks as if it came straight from this machine, addressed to it.
///
/// # Errors
/// The first sign against it ([`NotLocal`]), in this order: version, headers of proxies, host, origin.
pub fn check_request(request: &Parts) -> Result<(), NotLocal> {
    if request.version < Version::HTTP_11 {
        return Err(NotLocal::Version(request.version));
    }
    if let Some(name) = request.headers.keys().find(|name| is_proxy_header(name)) {
        return Err(NotLocal::Proxied(name.clone()));
    }
    check_host(request)?;
    check_origin(&request.headers)
}

/// Returns whether proxies add a header of this name.
fn is_proxy_header(name: &HeaderName) -> bool {
    let name = name.as_str();
    PROXY_HEADERS.contains(&name) || PROXY_PREFIXES.iter().any(|begin| name.starts_with(begin))
}

/// Checks that the request names one host, of this machine. HTTP/2 may name it in the target alone (`:authority`);
/// HTTP/1.1 always has the header, and with an absolute target (`GET http://…`) both, which must then be equal.
fn check_host(request: &Parts) -> Result<(), NotLocal> {
    let hosts: Vec<&HeaderValue> = request.headers.get_all(header::HOST).iter().collect();
    let target = request.uri.authority().map(http::uri::Authority::as_str);
    let host = match (hosts.as_slice(), target) {
        ([], Some(target)) if request.version >= Version::HTTP_2 => target.to_owned(),
        ([host], target) => {
            let host = show_value(host);
            if let Some(target) = target.filter(|target| !target.eq_ignore_ascii_case(&host)) {
                let target = target.chars().take(LONGEST_SHOWN).collect();
                return Err(NotLocal::Target { target, host });
            }
            host
        }
        (hosts, _) => return Err(NotLocal::Hosts(hosts.len())),
    };
    if is_this_machine(&host) {
        Ok(())
    } else {
        Err(NotLocal::Host(host))
    }
}

/// Returns whether the host is `localhost`, `127.0.0.1` or `[::1]`, with any port or none.
fn is_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        // Why: the last colon of an address in brackets without a port is within the brackets.
        Some((name, port)) if !host.ends_with(']') => {
            // Why the digits too: the parser takes a leading `+`.
            if port.parse::<u16>().is_err() || !port.bytes().all(|byte| byte.is_ascii_digit()) {
                return false;
            }
            name
        }
        _ => host,
    };
    name.eq_ignore_ascii_case("localhost") || name == "127.0.0.1" || name == "[::1]"
}

/// Checks that the request has no `Origin`, or one of this machine ([`is_loopback_origin`]).
fn check_origin(headers: &HeaderMap) -> Result<(), NotLocal> {
    let origins: Vec<&HeaderValue> = headers.get_all(header::ORIGIN).iter().collect();
    match origins.as_slice() {
        [] => Ok(()),
        [origin] if origin.to_str().is_ok_and(is_loopback_origin) => Ok(()),
        [origin] => Err(NotLocal::Origin(show_value(origin))),
        more => Err(NotLocal::Origins(more.len())),
    }
}

/// Returns a header's value as an error may show it.
fn show_value(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes())
        .chars()
        .take(LONGEST_SHOWN)
        .collect()
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn check(version: Version, target: &str, headers: &[(&str, &str)]) -> Result<(), NotLocal> {
        let mut request = Request::builder().version(version).uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        check_request(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn what_a_browser_or_a_tool_of_this_machine_sends_is_taken() {
        for host in [
            "localhost",
            "localhost:8080",
            "127.0.0.1:9000",
            "[::1]",
            "[::1]:80",
            "LOCALHOST:1",
        ] {
            assert_eq!(
                check(Version::HTTP_11, "/v1/videos", &[("host", host)]),
                Ok(()),
                "{host}"
            );
        }
        let own = [("host", "localhost:1")];
        assert_eq!(check(Version::HTTP_11, "http://localhost:1/", &own), Ok(()));
        assert_eq!(check(Version::HTTP_2, "http://localhost:1/", &[]), Ok(()));
        assert_eq!(check(Version::HTTP_2, "http://localhost:1/", &own), Ok(()));
        for origin in [
            "http://localhost:5173",
            "https://127.0.0.1",
            "http://[::1]:3000",
            "http://127.0.0.2:1",
        ] {
            let headers = [("host", "localhost:1"), ("origin", origin)];
            assert_eq!(check(Version::HTTP_11, "/", &headers), Ok(()), "{origin}");
        }
    }

    #[test]
    fn the_first_thing_that_is_not_of_this_machine_is_named() {
        for host in [
            "evil.example",
            "localhost.evil.example:80",
            "localhost:",
            "localhost:+1",
            "localhost:65536",
            "me@localhost",
            "127.0.0.1.",
            "0.0.0.0:1",
            "[::]:1",
            "::1",
            "localhost.",
            "127.0.0.1:1:2",
            "",
        ] {
            let wanted = Err(NotLocal::Host(host.to_owned()));
            assert_eq!(check(Version::HTTP_11, "/", &[("host", host)]), wanted, "{host}");
        }
        for origin in [
            "null",
            "https://evil.example",
            "http://localhost.evil.example",
            "http://localhost/",
            "http://me@localhost",
            "chrome-extension://localhost",
            "localhost:1",
            "ftp://localhost",
            "",
        ] {
            let wanted = Err(NotLocal::Origin(origin.to_owned()));
            let headers = [("host", "localhost"), ("origin", origin)];
            assert_eq!(check(Version::HTTP_11, "/", &headers), wanted, "{origin}");
        }
        for name in [
            "Forwarded",
            "Via",
            "X-Forwarded-For",
            "X-Forwarded-Anything",
            "X-Real-IP",
            "True-Client-IP",
            "CF-Ray",
            "CF-Connecting-IP",
        ] {
            let refused = check(Version::HTTP_11, "/", &[("host", "localhost"), (name, "x")]);
            assert!(
                matches!(&refused, Err(NotLocal::Proxied(found)) if *found == name),
                "{name}: {refused:?}"
            );
        }
    }
}
