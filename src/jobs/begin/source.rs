//! Which addresses a provider may be told to fetch.
//!
//! Whoever may name an address makes the provider fetch it. So the host must be listed, and nothing in the address may mean
//! something else to the provider than it does here: it is passed on as the parser of URLs writes it.

use url::Url;

use crate::address::{is_metadata_literal, is_private_literal};
use crate::config::Ingest;
use crate::domain::SourceUrl;

/// The longest address, in bytes.
const MAX_BYTES: usize = 2048;

/// Checks the address that a caller names.
///
/// # Errors
/// What is wrong with it, as the end of a sentence that begins with `source_url`.
pub fn check_source_url(text: &str, rules: &Ingest) -> Result<SourceUrl, String> {
    let url = parse(text, rules)?;
    if !url.host_str().is_some_and(|host| rules.allows_host(host)) {
        return Err("must have a host that ingest.allowed_hosts of this service lists".to_owned());
    }
    Ok(SourceUrl::new(url))
}

/// Checks an address that a provider gave: its host need not be listed.
///
/// # Errors
/// What is wrong with it, as the end of a sentence that begins with the address.
pub fn check_provider_url(text: &str, rules: &Ingest) -> Result<SourceUrl, String> {
    parse(text, rules).map(SourceUrl::new)
}

fn parse(text: &str, rules: &Ingest) -> Result<Url, String> {
    if text.len() > MAX_BYTES {
        return Err(format!("must be at most {MAX_BYTES} bytes long"));
    }
    let form = if rules.allow_http {
        "https:// or http://"
    } else {
        "https://"
    };
    let no_address = || format!("must be an address that begins with {form}");
    // Why: the parser of URLs drops or turns these, other parsers do not, and they would see another host.
    if text
        .chars()
        .any(|char| char.is_control() || char.is_whitespace() || char == '\\')
    {
        return Err("must hold no space, control character or backslash".to_owned());
    }
    // Why by the text: the parser takes `https:example.com` too, and other parsers do not.
    let is_web = |scheme: &str| {
        let parts = text.split_at_checked(scheme.len());
        parts.is_some_and(|(start, rest)| start.eq_ignore_ascii_case(scheme) && !rest.starts_with('/'))
    };
    let takes_scheme = is_web("https://") || (rules.allow_http && is_web("http://"));
    if !takes_scheme {
        return Err(no_address());
    }
    let url = Url::parse(text).map_err(|_| no_address())?;
    // Why by the text too: an empty user is one to other parsers.
    let authority = text
        .split("://")
        .nth(1)
        .and_then(|rest| rest.split(['/', '?', '#']).next());
    if authority.is_some_and(|authority| authority.contains('@'))
        || !url.username().is_empty()
        || url.password().is_some()
    {
        return Err("must hold no user and no password".to_owned());
    }
    if text.contains('#') {
        return Err("must have no fragment".to_owned());
    }
    if url.as_str().len() > MAX_BYTES {
        return Err(format!("must be at most {MAX_BYTES} bytes long"));
    }
    if !rules.allow_private && (is_private_literal(&url) || is_local_name(&url)) {
        return Err("must not be a private or loopback address (ingest.allow_private)".to_owned());
    }
    // Why whatever is allowed: what answers there is no file, and may be a machine's secrets.
    if is_metadata_literal(&url) {
        return Err("must not be a link-local address, or that of a cloud's metadata".to_owned());
    }
    Ok(url)
}

/// Returns whether the host is a name that means this machine or its network, by RFC 6761 and 6762, wherever it is asked.
fn is_local_name(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let host = host.strip_suffix('.').unwrap_or(host);
    ["localhost", "local", "internal"]
        .iter()
        .any(|name| host == *name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(hosts: &[&str]) -> Ingest {
        Ingest {
            allowed_hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
            ..Ingest::default()
        }
    }

    #[test]
    fn an_address_is_passed_on_as_it_was_judged() {
        let rules = rules(&["files.example", "*.cdn.example", "xn--mnchen-3ya.example"]);
        for (text, passed) in [
            (
                "https://files.example/a.mp4?sig=1",
                "https://files.example/a.mp4?sig=1",
            ),
            ("HTTPS://FILES.example:443/a", "https://files.example/a"),
            ("https://files.example.:8443/a", "https://files.example.:8443/a"),
            ("https://a.b.cdn.example", "https://a.b.cdn.example/"),
            (
                "https://m\u{fc}nchen.example/\u{fc}",
                "https://xn--mnchen-3ya.example/%C3%BC",
            ),
            ("https://files.example/a/../b", "https://files.example/b"),
        ] {
            assert_eq!(check_source_url(text, &rules).unwrap().expose(), passed);
        }
    }

    #[test]
    fn what_could_mean_another_host_is_refused() {
        let rules = rules(&["files.example", "*.cdn.example"]);
        let long = format!("https://files.example/{}", "a".repeat(MAX_BYTES));
        for text in [
            "",
            "files.example/a",
            "//files.example/a",
            "https:files.example/a",
            "https:/files.example/a",
            "https:///files.example/a",
            "http://files.example/a",
            "ftp://files.example/a",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "https://",
            "https://evil.example/",
            "https://cdn.example/",
            "https://evilcdn.example/",
            "https://files.example.evil.example/",
            "https://files.example@evil.example/",
            "https://evil.example@files.example/",
            "https://@files.example/",
            "https://user:password@files.example/",
            "https://evil.example\\@files.example/",
            "https://evil.example\\.files.example/",
            "https://files.example\\.evil.example/",
            "https://files.example/#fragment",
            "https://files.example/#",
            " https://files.example/",
            "https://files.example/a b",
            "https://files.example/\n",
            "https://files.ex\tample/",
            "https://files%2eexample.evil.example/",
            "https://files.example:99999/",
            long.as_str(),
        ] {
            assert!(check_source_url(text, &rules).is_err(), "{text}");
        }
    }

    #[test]
    fn an_inner_address_is_refused_in_every_spelling() {
        let mut rules = rules(&["*"]);
        for host in [
            "localhost",
            "LOCALHOST.",
            "a.localhost",
            "metadata.google.internal",
            "printer.local",
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "0",
            "10.0.0.1",
            "169.254.169.254",
            "0xa9fea9fe",
            "[::1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[::ffff:a9fe:a9fe]",
            "[64:ff9b::a9fe:a9fe]",
            "[fd00:ec2::254]",
            "[fe80::1]",
            "\u{ff11}\u{ff12}\u{ff17}.0.0.1",
        ] {
            let text = format!("https://{host}/latest/meta-data");
            assert!(check_source_url(&text, &rules).is_err(), "{host}");
        }
        assert!(check_source_url("https://8.8.8.8/a", &rules).is_ok());
        rules.allow_private = true;
        assert!(check_source_url("https://127.0.0.1:9000/a", &rules).is_ok());
        for host in [
            "169.254.169.254",
            "0xa9fea9fe",
            "[fe80::1]",
            "[::ffff:a9fe:a9fe]",
            "[fd00:ec2::254]",
        ] {
            let text = format!("https://{host}/latest/meta-data");
            assert!(check_source_url(&text, &rules).is_err(), "{host}");
        }
        assert!(check_source_url("http://127.0.0.1:9000/a", &rules).is_err());
        rules.allow_http = true;
        assert!(check_source_url("http://127.0.0.1:9000/a", &rules).is_ok());
        assert!(
            check_provider_url(
                "http://other.example/a",
                &Ingest {
                    allow_http: true,
                    ..Ingest::default()
                }
            )
            .is_ok()
        );
    }
}
