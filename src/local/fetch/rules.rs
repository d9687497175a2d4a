//! Which URLs may be asked.

use url::{Host, Url};

use crate::local::fetch_options::FetchOptions;

/// Longest URL, in bytes.
const MAX_URL: usize = 8192;

/// Reads the URL that a caller named.
///
/// The caller has the provider's token, and so the right to name any host: the service has checked `ingest.allowed_hosts`.
///
/// # Errors
/// What is wrong, as the end of a sentence that begins with the member's name. It repeats nothing of the URL.
pub(crate) fn check_url(options: &FetchOptions, text: &str) -> Result<Url, &'static str> {
    if text.len() > MAX_URL {
        return Err("must have at most 8192 bytes");
    }
    let url = Url::parse(text).map_err(|_| "must be a URL")?;
    check_form(options, &url)?;
    if url.fragment().is_some() {
        return Err("must not have a fragment");
    }
    Ok(url)
}

/// Returns the URL that a redirect from `from` leads to. `first` is the URL that the caller named.
///
/// # Errors
/// What is wrong, as the end of a sentence that begins with "The source redirects".
pub(super) fn check_redirect(
    options: &FetchOptions,
    first: &Url,
    from: &Url,
    location: &str,
) -> Result<Url, &'static str> {
    if location.len() > MAX_URL {
        return Err("to a URL that is too long");
    }
    let mut url = from.join(location).map_err(|_| "to what is no URL")?;
    url.set_fragment(None);
    // Why whatever `allow_http` is: the first URL asked for a connection that nobody reads.
    if from.scheme() == "https" && url.scheme() != "https" {
        return Err("from https to another scheme");
    }
    check_form(options, &url).map_err(|problem| match problem {
        PRIVATE => "to a private address",
        SCHEME | SCHEMES => "to a scheme that is not allowed",
        _ => "to a URL with a user name or password",
    })?;
    let is_same = url.host() == first.host();
    let is_listed = || {
        url.host_str()
            .is_some_and(|host| options.ingest.allows_host(host))
    };
    if is_same || is_listed() {
        return Ok(url);
    }
    Err("to a host that is not listed in ingest.allowed_hosts")
}

const SCHEME: &str = "must begin with https://";
const SCHEMES: &str = "must begin with https:// or http://";
const PRIVATE: &str = "leads to a private address (ingest.allow_private allows it)";

/// Checks what holds for each URL, whoever named it.
fn check_form(options: &FetchOptions, url: &Url) -> Result<(), &'static str> {
    match (url.scheme(), options.ingest.allow_http) {
        ("https", _) | ("http", true) => {}
        (_, true) => return Err(SCHEMES),
        (_, false) => return Err(SCHEME),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not contain a user name or password");
    }
    // Why here: a host that is written as an address never reaches the resolver.
    let may_reach = |address| options.network.may_reach(address, options.ingest.allow_private);
    let is_open = match url.host() {
        Some(Host::Ipv4(v4)) => may_reach(v4.into()),
        Some(Host::Ipv6(v6)) => may_reach(v6.into()),
        Some(Host::Domain(_)) => true,
        None => false,
    };
    if !is_open {
        return Err(PRIVATE);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(hosts: &[&str]) -> FetchOptions {
        let mut options = FetchOptions::default();
        options.ingest.allowed_hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
        options
    }

    #[test]
    fn only_https_to_public_hosts_without_secrets_in_the_clear() {
        let closed = options(&[]);
        for (url, problem) in [
            ("http://files.example.com/a.mp4", SCHEME),
            ("file:///etc/passwd", SCHEME),
            ("mux://assets/abc", SCHEME),
            ("/etc/passwd", "must be a URL"),
            (
                "https://user@files.example.com/",
                "must not contain a user name or password",
            ),
            (
                "https://:pass@files.example.com/",
                "must not contain a user name or password",
            ),
            ("https://files.example.com/#t=1", "must not have a fragment"),
            ("https://127.0.0.1/", PRIVATE),
            ("https://2130706433/", PRIVATE),
            ("https://0x7f.1/", PRIVATE),
            ("https://0251.0376.0251.0376/", PRIVATE),
            ("https://[::ffff:10.0.0.1]/", PRIVATE),
            ("https://[64:ff9b::a9fe:a9fe]/", PRIVATE),
        ] {
            assert_eq!(check_url(&closed, url).unwrap_err(), problem, "{url}");
        }
        let long = format!("https://files.example.com/{}", "a".repeat(MAX_URL));
        assert!(check_url(&closed, &long).is_err());
        assert!(check_url(&closed, "https://files.example.com/a.mp4?sig=1").is_ok());
        let mut open = options(&[]);
        (open.ingest.allow_http, open.ingest.allow_private) = (true, true);
        assert!(check_url(&open, "http://127.0.0.1:9000/a.mp4").is_ok());
        for secret in [
            "http://169.254.169.254/latest",
            "http://[fe80::1]/",
            "http://[fd00:ec2::254]/",
        ] {
            assert_eq!(check_url(&open, secret).unwrap_err(), PRIVATE, "{secret}");
        }
        assert_eq!(check_url(&open, "ftp://127.0.0.1/a.mp4").unwrap_err(), SCHEMES);
    }

    #[test]
    fn redirects_stay_within_their_rules() {
        let mut rules = options(&["cdn.example.com", "*.files.example.org"]);
        rules.ingest.allow_http = true;
        let first = Url::parse("https://start.example.com/v").unwrap();
        let follow = |location: &str| check_redirect(&rules, &first, &first, location);
        for allowed in [
            "/other",
            "https://START.example.com/x",
            "https://cdn.example.com/x",
            "https://a.files.example.org/x",
            "https://a.b.files.example.org./x",
        ] {
            assert!(follow(allowed).is_ok(), "{allowed}");
        }
        for refused in [
            "http://cdn.example.com/x",
            "//files.example.org/x",
            "https://evilfiles.example.org/x",
            "https://cdn.example.com.evil.example/x",
            "https://u:p@cdn.example.com/x",
            "https://169.254.169.254/",
            "https://[::1]/",
            "file:///etc/passwd",
            "https://",
        ] {
            assert!(follow(refused).is_err(), "{refused}");
        }
        let any = options(&["*"]);
        assert!(check_redirect(&any, &first, &first, "https://anywhere.example.net/").is_ok());
        let refused = check_redirect(&any, &first, &first, "https://10.0.0.1/");
        assert_eq!(refused.unwrap_err(), "to a private address");
    }
}
