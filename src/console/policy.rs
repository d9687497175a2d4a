//! The page's Content-Security-Policy.

use http::HeaderValue;
use url::{Host, Url};

/// Browsers compare these by name: no other way to say "this machine, any port".
const LOOPBACK: &str = " http://127.0.0.1:* http://localhost:*";

/// Scripts and styles of our own; pictures, streams and uploads from wherever the configured providers have them: any
/// https address, and this machine's own where the service itself is reached without TLS.
pub(super) fn policy(public_url: &str) -> HeaderValue {
    let plain = public_url.starts_with("http://");
    let loopback = if plain { LOOPBACK } else { "" };
    let text = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https:{loopback}; \
         media-src 'self' blob: data: https:{loopback}; connect-src 'self' https:{loopback}; frame-ancestors 'none'; \
         base-uri 'none'; form-action 'none'"
    );
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// The address of the page under its public name, where a request came by another name of this machine: what
/// providers are told about the page's origin must be the one that the browser has.
pub(super) fn public_name(public_url: &str, asked: Option<&str>) -> Option<HeaderValue> {
    let public = Url::parse(public_url).ok()?;
    let asked = Url::parse(&format!("http://{}", asked?)).ok()?;
    let same_machine = is_loopback(&public) && is_loopback(&asked);
    let same_port = public.port_or_known_default() == asked.port_or_known_default();
    let other_name = public.host() != asked.host();
    (same_machine && same_port && other_name)
        .then(|| HeaderValue::from_str(&format!("{}/", public_url.trim_end_matches('/'))).ok())?
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{policy, public_name};

    fn text(public_url: &str) -> String {
        policy(public_url).to_str().unwrap().to_owned()
    }

    #[test]
    fn only_own_scripts_run() {
        let text = text("https://video.example.com");
        assert!(text.contains("script-src 'self'; "), "{text}");
        assert!(!text.contains("http://"), "{text}");
        assert!(!text.contains("unsafe"), "{text}");
    }

    #[test]
    fn without_tls_the_page_reaches_this_machine() {
        let text = text("http://127.0.0.1:1");
        assert!(
            text.contains("connect-src 'self' https: http://127.0.0.1:* http://localhost:*;"),
            "{text}"
        );
    }

    #[test]
    fn other_names_of_this_machine_lead_to_the_public_one() {
        let name = |public, asked| public_name(public, Some(asked)).map(|v| v.to_str().unwrap().to_owned());
        assert_eq!(
            name("http://127.0.0.1:8080", "localhost:8080").as_deref(),
            Some("http://127.0.0.1:8080/")
        );
        assert_eq!(name("http://127.0.0.1:8080", "127.0.0.1:8080"), None);
        assert_eq!(name("http://127.0.0.1:8080", "localhost:9090"), None);
        assert_eq!(name("http://127.0.0.1:8080", "video.example.com:8080"), None);
        assert_eq!(name("https://video.example.com", "localhost:443"), None);
    }
}
