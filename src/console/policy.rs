//! The page's Content-Security-Policy.

use http::HeaderValue;
use url::{Host, Url};

/// Browsers compare these by name: no other way to say "this machine, any port".
const LOOPBACK: &str = " http://127.0.0.1:* http://localhost:*";

/// Scripts and styles of our own and the one player; pictures, streams and uploads from wherever the configured
/// providers have them: any https address, and this machine's own where the service itself is reached without TLS.
pub(super) fn policy(hls_js_url: &str, public_url: &str) -> HeaderValue {
    let player = script_source(hls_js_url).unwrap_or_default();
    let plain = public_url.starts_with("http://");
    let loopback = if plain { LOOPBACK } else { "" };
    let text = format!(
        "default-src 'none'; script-src 'self'{player}; style-src 'self'; img-src 'self' https:{loopback}; \
         media-src 'self' blob: https:{loopback}; connect-src 'self' https:{loopback}; frame-ancestors 'none'; \
         base-uri 'none'; form-action 'none'"
    );
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// The player's address as a source, with a space before it. A source has no query; what would end it or the
/// directive is escaped.
fn script_source(address: &str) -> Option<String> {
    let mut url = Url::parse(address).ok()?;
    url.set_query(None);
    url.set_fragment(None);
    let text = url.as_str().replace(';', "%3B").replace(',', "%2C");
    Some(format!(" {text}"))
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

    fn text(hls_js_url: &str, public_url: &str) -> String {
        policy(hls_js_url, public_url).to_str().unwrap().to_owned()
    }

    #[test]
    fn only_own_scripts_run_where_no_player_is_configured() {
        let text = text("", "https://video.example.com");
        assert!(text.contains("script-src 'self'; "), "{text}");
        assert!(!text.contains("http://"), "{text}");
        assert!(!text.contains("unsafe"), "{text}");
    }

    #[test]
    fn the_player_is_named_exactly() {
        let text = text(
            "https://cdn.example.com/hls.js@1.6.0/hls,min;.js?x=1",
            "http://127.0.0.1:1",
        );
        assert!(
            text.contains(
                "script-src 'self' https://cdn.example.com/hls.js@1.6.0/hls%2Cmin%3B.js; style-src"
            ),
            "{text}"
        );
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
