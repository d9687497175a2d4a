//! `[database]`: database URLs, whose passwords never show.

use percent_encoding::percent_decode_str;
use url::Url;

/// Query parameters that the PostgreSQL driver knows.
// Why: the driver logs the name and value of any other parameter, and one may hold a password.
const PARAMETERS: [&str; 18] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "ssl-mode",
    "ssl-root-cert",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
    "user",
];

/// Values of `sslmode`.
const SSL_MODES: [&str; 6] = [
    "disable",
    "allow",
    "prefer",
    "require",
    "verify-ca",
    "verify-full",
];

/// Remedy for a password with characters that mean something in a URL.
const ENCODE: &str = "in user and password these characters are written percent-encoded: # as %23, / as %2F, ? as \
                      %3F, @ as %40, : as %3A, % as %25";

/// A database URL in the form that the driver gets.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// The URL, its scheme in lower case, with known parameters alone.
    pub(super) url: String,
    /// Names of the parameters that were taken out, because nothing reads them.
    pub(super) unread: Vec<String>,
}

/// Parses [`Database::url`](super::settings::Database::url) or `direct_url` to an [`Address`].
///
/// # Errors
/// The end of a sentence. No part of the URL is in it: a URL that cannot be parsed cannot be masked either.
pub(super) fn parse_url(text: &str) -> Result<Address, String> {
    if text.is_empty() {
        return Err("is empty: give postgres://user:password@host/name or sqlite://path".to_owned());
    }
    let scheme = text.split(':').next().unwrap_or_default().to_ascii_lowercase();
    let rest = &text[scheme.len()..];
    match scheme.as_str() {
        "sqlite" => Ok(Address {
            url: format!("{scheme}{rest}"),
            unread: Vec::new(),
        }),
        "postgres" | "postgresql" if rest.starts_with("://") => parse_postgres(&scheme, &rest[3..]),
        _ => Err("must begin with postgres:// or sqlite://".to_owned()),
    }
}

/// Parses the part of a PostgreSQL URL behind `://`.
fn parse_postgres(scheme: &str, rest: &str) -> Result<Address, String> {
    let unreadable = |what: &str| Err(format!("{what}; {ENCODE}"));
    // Why before the parser: it drops line breaks and tabs without an error, and so changes the password.
    if rest.contains(char::is_control) {
        return Err("has a line break or another control character within it".to_owned());
    }
    // Why: a parser takes the rest for a fragment, and it is most often the rest of a password.
    if rest.contains('#') {
        return unreadable("has a # in it, which means nothing in a database URL");
    }
    let (before, query) = rest
        .split_once('?')
        .map_or((rest, None), |(before, query)| (before, Some(query)));
    let pairs: Vec<(&str, &str)> = query
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| (pair.split('=').next().unwrap_or_default(), pair))
        .collect();
    // Why: a password with a bare / or ? ends the part that holds it, and the rest of it, up to the @, would be taken
    // for a path or a query, which logs may show.
    let is_known = |name: &str| PARAMETERS.contains(&name) || name.starts_with("options[");
    let in_path = before.split_once('/').is_some_and(|(_, path)| path.contains('@'));
    let in_query =
        query.is_some_and(|query| query.contains('@')) && !pairs.iter().all(|(name, _)| is_known(name));
    if in_path || in_query {
        return unreadable("has an @ after the first / or ?, so it cannot be told where the password ends");
    }
    let mode = pairs.iter().find_map(|(name, pair)| {
        matches!(*name, "sslmode" | "ssl-mode").then(|| pair.split_once('=').map_or("", |(_, mode)| mode))
    });
    if mode.is_some_and(|mode| !SSL_MODES.iter().any(|known| known.eq_ignore_ascii_case(mode))) {
        return Err(format!(
            "has an sslmode that there is not; allowed: {}",
            SSL_MODES.join(", ")
        ));
    }
    let (known, others): (Vec<_>, Vec<_>) = pairs.into_iter().partition(|(name, _)| is_known(name));
    let query: Vec<&str> = known.into_iter().map(|(_, pair)| pair).collect();
    let query = if query.is_empty() {
        String::new()
    } else {
        format!("?{}", query.join("&"))
    };
    let url = format!("{scheme}://{before}{query}");
    let Ok(parsed) = Url::parse(&url) else {
        return unreadable("is no URL such as postgres://user:password@host/name");
    };
    let is_text = |text: &str| percent_decode_str(text).decode_utf8().is_ok();
    if !is_text(parsed.username()) || !parsed.password().is_none_or(is_text) {
        return unreadable("has a user or password that is not UTF-8 text once it is decoded");
    }
    Ok(Address {
        url,
        unread: others.into_iter().map(|(name, _)| name.to_owned()).collect(),
    })
}

/// Returns server and database of a PostgreSQL URL, without user, password and parameters:
/// the result of [`Database::server_and_name`](super::settings::Database::server_and_name).
pub(super) fn server_and_name(url: &str) -> String {
    let Ok(parsed) = Url::parse(url) else {
        // Why no part of the text: where it cannot be parsed, the password in it cannot be left out.
        return "postgres".to_owned();
    };
    let host = parsed
        .host_str()
        .filter(|host| !host.is_empty())
        .unwrap_or("localhost");
    let port = parsed.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("postgres://{host}{port}{}", parsed.path())
}

/// Returns a database URL without its password and query, for `Debug`. A text that is no URL is not shown at all.
pub(super) fn mask_url(url: &str) -> String {
    let Ok(mut parsed) = url::Url::parse(url) else {
        return if url.is_empty() {
            String::new()
        } else {
            "(not a URL)".to_owned()
        };
    };
    if parsed.password().is_some() && parsed.set_password(Some("***")).is_err() {
        return "(masked)".to_owned();
    }
    // Why: `password` is a query parameter too.
    parsed.set_query(None);
    parsed.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_taken_as_it_is_or_refused_without_a_part_of_it() {
        let url = |text: &str| parse_url(text).map(|address| address.url);
        for text in [
            "postgres://video:p@ss@db/video",
            "postgres://video:a:b@db/video",
            "postgres://video:50%@db/video",
            "postgres://video:a%2Fb@db:5432/video?sslmode=require",
            "postgres://video@server:pw@db/video",
            "postgres:///video?host=/run/postgresql&user=me@example.com",
            "postgres://%2Frun%2Fpostgresql/video",
            "sqlite://data/a#b?.db",
        ] {
            assert_eq!(url(text).as_deref(), Ok(text));
        }
        for text in [
            "postgres://video:hid#den@db/video",
            "postgres://video:hid/den@db/video",
            "postgres://video:12/den@db/video",
            "postgres://video:hid?den@db/video",
            "postgres://video:12?a=den@db/video",
            "postgres://video:h@id/den@db/video",
            "postgres://video:hid den@d b/video",
            "postgres://video:%FFhidden@db/video",
            "postgres:/video:hidden@db/video",
            "mysql://video:hidden@db/video",
            "hidden",
        ] {
            let refused = url(text).unwrap_err();
            assert!(
                !refused.contains("hid") && !refused.contains("den@"),
                "{text}: {refused}"
            );
        }
        assert!(
            url("postgres://video:a/b@db/video")
                .unwrap_err()
                .contains("/ as %2F")
        );
        let unknown = url("postgres://video:pw@db/video?sslmode=required").unwrap_err();
        assert!(unknown.contains("verify-full"), "{unknown}");
    }

    #[test]
    fn the_scheme_may_be_in_capitals_and_parameters_that_nothing_reads_go() {
        let found =
            parse_url("POSTGRES://video:pw@db/video?pgbouncer=true&sslmode=require&pasword=hidden").unwrap();
        assert_eq!(found.url, "postgres://video:pw@db/video?sslmode=require");
        assert_eq!(found.unread, ["pgbouncer", "pasword"]);
        assert_eq!(server_and_name(&found.url), "postgres://db/video");
        assert_eq!(parse_url("SQLite:data/x.db").unwrap().url, "sqlite:data/x.db");
    }
}
