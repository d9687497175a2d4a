//! `[ingest]`: from where videos may be fetched.

use serde::Deserialize;
use url::{Host, Url};

/// `[ingest]`: the addresses that callers may have fetched.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ingest {
    /// Hosts that callers may name: `example.com` itself, `*.example.com` for every name below it, `*` for any. Validation
    /// writes each as the parser of URLs does. Empty: no caller may name an address.
    pub allowed_hosts: Vec<String>,
    /// Whether an address may have plain http.
    pub allow_http: bool,
    /// Whether an address may be private or loopback.
    pub allow_private: bool,
    /// Members of `provider_settings` that callers of `POST /v1/videos` may set, as JSON pointers.
    pub allowed_settings: Vec<String>,
}

impl Ingest {
    /// Returns whether a host is listed. `host` is as the parser of URLs writes it: in lower case, names in punycode,
    /// IPv6 in brackets. A dot at its end does not count.
    ///
    /// `*.example.com` means no `example.com`, and no pattern but `*` and the very same text means an IP address. Ports do
    /// not count.
    pub fn allows_host(&self, host: &str) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host);
        self.allowed_hosts.iter().any(|pattern| fits(pattern, host))
    }
}

/// Returns whether a host without a dot at its end fits a pattern of [`Ingest::allowed_hosts`].
fn fits(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix('*') {
        None => pattern == host,
        Some("") => !host.is_empty(),
        // `domain` begins with a dot.
        Some(domain) => host
            .strip_suffix(domain)
            .is_some_and(|below| !below.is_empty() && !below.ends_with('.')),
    }
}

/// Writes a pattern of [`Ingest::allowed_hosts`] as the parser of URLs writes hosts.
///
/// # Errors
/// What is wrong with it, as the end of a sentence that begins with the key.
pub(super) fn parse_pattern(text: &str) -> Result<String, String> {
    let wrong = || {
        format!(
            "\"{text}\" must be a host such as files.example.com, *.example.com for all names below it, or *: no \
             scheme, no port, no path"
        )
    };
    let text = text.trim();
    if text == "*" {
        return Ok("*".to_owned());
    }
    let (prefix, host) = match text.strip_prefix("*.") {
        Some(host) => ("*.", host),
        None => ("", text),
    };
    // Why before parsing: the parser of URLs would read each of these as another part of the address.
    let is_v6 = host.starts_with('[') && host.ends_with(']');
    let is_other =
        |found: char| matches!(found, '/' | '\\' | '?' | '#' | '@' | '*' | '%') || found.is_whitespace();
    if host.is_empty() || host.contains(is_other) || (host.contains(':') && !is_v6) {
        return Err(wrong());
    }
    let url = Url::parse(&format!("https://{host}/")).map_err(|_| wrong())?;
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            if name.is_empty() || name.starts_with('.') {
                return Err(wrong());
            }
            Ok(format!("{prefix}{name}"))
        }
        Some(address) if prefix.is_empty() => Ok(address.to_string()),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ingest(patterns: &[&str]) -> Ingest {
        Ingest {
            allowed_hosts: patterns.iter().map(|text| parse_pattern(text).unwrap()).collect(),
            ..Ingest::default()
        }
    }

    #[test]
    fn a_host_is_listed_by_itself_or_by_a_pattern() {
        let allowed = ingest(&[
            "Files.Example.com.",
            "*.cdn.example",
            "münchen.example",
            "192.0.2.7",
            "[2001:db8::1]",
        ]);
        for listed in [
            "files.example.com",
            "files.example.com.",
            "a.cdn.example",
            "a.b.cdn.example.",
            "xn--mnchen-3ya.example",
            "192.0.2.7",
            "[2001:db8::1]",
        ] {
            assert!(allowed.allows_host(listed), "{listed}");
        }
        for other in [
            "",
            ".",
            "example.com",
            "a.files.example.com",
            "files.example.com.evil.example",
            "evilfiles.example.com",
            "cdn.example",
            ".cdn.example",
            "cdn.example.",
            "evilcdn.example",
            "192.0.2.70",
            "[2001:db8::2]",
        ] {
            assert!(!allowed.allows_host(other), "{other}");
        }
        assert!(ingest(&["*"]).allows_host("anything.example") && ingest(&["*"]).allows_host("[::1]"));
        assert!(!ingest(&[]).allows_host("anything.example"));
    }

    #[test]
    fn a_pattern_is_a_host_and_nothing_else() {
        for wrong in [
            "",
            "*.",
            "*.*",
            "a.*.example",
            "*example.com",
            "https://example.com",
            "example.com:8080",
            "example.com/path",
            "user@example.com",
            "*.192.0.2.7",
            "*.[::1]",
            "exa mple.com",
            "::1",
            "a%2eb.example",
        ] {
            assert!(parse_pattern(wrong).is_err(), "{wrong}");
        }
        for (text, written) in [
            ("*", "*"),
            (" *.EXAMPLE.com ", "*.example.com"),
            ("0x7f.1", "127.0.0.1"),
            ("[0:0:0:0:0:0:0:1]", "[::1]"),
        ] {
            assert_eq!(parse_pattern(text).as_deref(), Ok(written));
        }
    }
}
