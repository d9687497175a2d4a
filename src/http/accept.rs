//! The `Accept` header: whether the answer of `POST /v1/uploads` is JSON or the bare upload URL as text, that of
//! `GET /v1/admin/usage` JSON or CSV, and whether a problem is JSON or a page.
//!
//! The rule is stricter than content negotiation in general: the other form has to be preferred strictly, and JSON wins
//! a tie whatever the order of the header. Each media range counts by its name and its `q`; other parameters do not
//! count.

use http::{HeaderMap, header};

use crate::assets::parse_weighted;

/// A media range in lower case, such as `text/*`, and its quality.
type MediaRange = (String, f32);

/// Returns whether `text/plain` has a strictly greater quality than `application/json`. Without the header: no.
pub(crate) fn prefers_text(headers: &HeaderMap) -> bool {
    let ranges = parse_ranges(headers);
    quality_of(&ranges, "text", "plain") > quality_of(&ranges, "application", "json")
}

/// Returns whether `text/csv` has a strictly greater quality than `application/json`. Without the header: no.
pub(crate) fn prefers_csv(headers: &HeaderMap) -> bool {
    let ranges = parse_ranges(headers);
    quality_of(&ranges, "text", "csv") > quality_of(&ranges, "application", "json")
}

/// Returns whether `text/html` has a strictly greater quality than `application/json` and `application/problem+json`, as
/// a browser asks when it opens an address. Without the header: no.
pub(crate) fn prefers_html(headers: &HeaderMap) -> bool {
    // Why: every GET is asked, and few programs name a kind of text.
    let mut values = headers.get_all(header::ACCEPT).iter();
    if !values.any(|value| {
        value
            .as_bytes()
            .windows(5)
            .any(|part| part.eq_ignore_ascii_case(b"text/"))
    }) {
        return false;
    }
    let ranges = parse_ranges(headers);
    let html = quality_of(&ranges, "text", "html");
    html > quality_of(&ranges, "application", "json")
        && html > quality_of(&ranges, "application", "problem+json")
}

/// Returns whether the header is there and accepts neither `application/json` nor `text/plain`.
pub(crate) fn accepts_nothing(headers: &HeaderMap) -> bool {
    let ranges = parse_ranges(headers);
    headers.contains_key(header::ACCEPT)
        && quality_of(&ranges, "text", "plain") <= 0.0
        && quality_of(&ranges, "application", "json") <= 0.0
}

/// Parses all `Accept` headers, in order.
fn parse_ranges(headers: &HeaderMap) -> Vec<MediaRange> {
    parse_weighted(headers, header::ACCEPT)
}

/// Returns the quality of a media type: the one of its most specific range (RFC 9110, 12.5.1), or 0 without any.
fn quality_of(ranges: &[MediaRange], kind: &str, subtype: &str) -> f32 {
    [format!("{kind}/{subtype}"), format!("{kind}/*"), "*/*".to_owned()]
        .iter()
        .find_map(|wanted| ranges.iter().find(|(name, _)| name == wanted))
        .map_or(0.0, |(_, q)| *q)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(text: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::ACCEPT, http::HeaderValue::from_static(text))])
    }

    #[test]
    fn text_wins_alone_or_by_strictly_greater_q() {
        for (text, expected) in [
            ("text/plain", true),
            ("text/plain, application/json;q=0.9", true),
            ("text/*;q=0.5, */*;q=0.1", true),
            ("*/*", false),
            ("text/plain, application/json", false),
            ("application/json", false),
            ("text/plain;q=0.1, application/json", false),
            ("text/html, */*;q=0.8", false),
        ] {
            assert_eq!(prefers_text(&accept(text)), expected, "{text}");
        }
        assert!(!prefers_text(&HeaderMap::new()));
    }

    #[test]
    fn browsers_prefer_html_and_programs_do_not() {
        for (text, expected) in [
            (
                "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
                true,
            ),
            ("text/html", true),
            ("*/*", false),
            ("application/json, text/html;q=0.9", false),
            ("text/html, application/problem+json", false),
            ("text/html, */*", false),
            ("text/*, application/json;q=0.5", true),
        ] {
            assert_eq!(prefers_html(&accept(text)), expected, "{text}");
        }
        assert!(!prefers_html(&HeaderMap::new()));
    }

    #[test]
    fn an_image_alone_is_not_acceptable() {
        assert!(accepts_nothing(&accept("image/png")));
        assert!(!accepts_nothing(&HeaderMap::new()));
    }
}
