//! Web addresses in settings: small differences of spelling are normalised, the rest is refused with the right form.

use url::{Host, Url};

/// Parses a base address, which is put in front of paths. Returns it with scheme and host in lower case and without a
/// slash at its end.
///
/// # Errors
/// It is no web address, has a user, query or fragment, or its path is not written as browsers write it.
pub(super) fn parse_base_url(text: &str) -> Result<String, String> {
    let text = text.trim_end_matches('/');
    let url = parse_web_url(text)?;
    if url.query().is_some() || url.fragment().is_some() || has_user(&url) {
        return Err(format!(
            "\"{}\" must be scheme, host and perhaps a path: without user, query and fragment",
            show_url(&url)
        ));
    }
    // Why: the path goes into headers and HTML. `//` at its head would name another host, and a path that a browser
    // writes in another way would not match.
    let given = path_of(text);
    let path = url.path().trim_end_matches('/');
    if path.contains("//") || path != given {
        return Err(format!(
            "\"{text}\" must have no path, or one as browsers write it, such as https://example.com/video"
        ));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// Parses an origin and returns it as browsers send it; `*` stays `*`.
///
/// # Errors
/// It is `null`, has a wildcard in it, or has more than scheme, host and port.
pub(super) fn parse_origin(text: &str) -> Result<String, String> {
    if text == "*" {
        return Ok(text.to_owned());
    }
    if text == "null" {
        return Err("\"null\" is every page that has no origin: it cannot be allowed".to_owned());
    }
    let url = parse_web_url(text)
        .map_err(|problem| format!("is not an origin such as https://app.example.com: {problem}"))?;
    let origin = url.origin().ascii_serialization();
    if url.host_str().is_some_and(|host| host.contains('*')) {
        return Err(format!(
            "\"{origin}\" is not an origin: there are no wildcards within one, list each, or \"*\" for any"
        ));
    }
    let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    if !bare || has_user(&url) {
        return Err(format!(
            "\"{}\" is not an origin, which has no path: write {origin}",
            show_url(&url)
        ));
    }
    Ok(origin)
}

/// Parses a URL that is http or https and has a host. The error shows neither query nor fragment, and nothing at all of
/// a text with an `@`, which may have a password.
fn parse_web_url(text: &str) -> Result<Url, String> {
    let shown_text = text.split(['?', '#']).next().unwrap_or_default();
    let shown_text = if shown_text.contains('@') {
        "it"
    } else {
        shown_text
    };
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        _ if text.contains("://") => Err(format!(
            "\"{shown_text}\" must be http:// or https:// with a host"
        )),
        _ => Err(format!(
            "\"{shown_text}\" must begin with http:// or https://, such as https://{}",
            if shown_text == "it" {
                "video.example.com"
            } else {
                shown_text.trim_start_matches('/')
            }
        )),
    }
}

/// Returns the part of a URL behind its host: empty, or with a slash in front.
pub(super) fn path_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or("", |at| &rest[at..])
}

/// Returns whether the URL has a user or a password.
fn has_user(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

/// Returns whether the text is the origin of a page of this machine, as browsers write it. `null` is none.
pub fn is_loopback_origin(text: &str) -> bool {
    // Why the schemes: `ftp://localhost` is an origin too, and no page has it.
    (text.starts_with("http://") || text.starts_with("https://")) && is_origin(text) && is_loopback_url(text)
}

/// Returns whether the text is a URL whose host is this machine: `localhost` or a loopback address.
pub fn is_loopback_url(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    })
}

/// Returns whether the text is exactly the origin of the URL that it is.
fn is_origin(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| url.origin().ascii_serialization() == text)
}

/// Returns origin and path of a URL: the parts that hold no secret.
fn show_url(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_urls_are_evened_out() {
        for (text, base) in [
            ("https://video.example.com", "https://video.example.com"),
            ("https://video.example.com/", "https://video.example.com"),
            ("https://video.example.com//", "https://video.example.com"),
            ("HTTPS://Video.Example.com:443", "https://video.example.com"),
            ("https://example.com/video/", "https://example.com/video"),
        ] {
            assert_eq!(parse_base_url(text).as_deref(), Ok(base), "{text}");
        }
        for (text, words) in [
            ("video.example.com", "such as https://video.example.com"),
            ("localhost:8080", "such as https://localhost:8080"),
            ("ftp://x", "http:// or https://"),
            ("https://a.example/?x=secret", "without user, query and fragment"),
            ("https://user:secret@a.example", "without user"),
            ("https://x//evil.example", "path"),
            ("https://x/a/../b", "path"),
            ("https://x/a b", "path"),
        ] {
            let refused = parse_base_url(text).unwrap_err();
            assert!(refused.contains(words), "{text}: {refused}");
            assert!(!refused.contains("secret"), "{refused}");
        }
    }

    #[test]
    fn origins_are_as_browsers_send_them() {
        for (text, found) in [
            ("*", "*"),
            ("https://app.example.com/", "https://app.example.com"),
            ("HTTPS://App.Example.com", "https://app.example.com"),
            ("https://app.example.com:443", "https://app.example.com"),
            ("http://localhost:5173", "http://localhost:5173"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
        ] {
            assert_eq!(parse_origin(text).as_deref(), Ok(found), "{text}");
        }
        for (text, words) in [
            ("https://app.example.com/page", "write https://app.example.com"),
            ("example.com", "such as https://example.com"),
            ("https://*.example.com", "no wildcards"),
            ("null", "no origin"),
            ("ftp://example.com", "http:// or https://"),
        ] {
            let refused = parse_origin(text).unwrap_err();
            assert!(refused.contains(words), "{text}: {refused}");
        }
    }
}
