//! What form of an answer the `Accept` header asks for.

use http::{HeaderMap, header};

/// Text is asked for alone, or strictly preferred to JSON by its q.
pub(crate) fn prefers_text(headers: &HeaderMap) -> bool {
    let values: Vec<&str> = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    let ranges: Vec<(String, f32)> = values
        .iter()
        .flat_map(|value| value.split(','))
        .map(parse)
        .collect();
    quality(&ranges, "text", "plain") > quality(&ranges, "application", "json")
}

/// Neither JSON nor text is acceptable.
pub(crate) fn accepts_nothing(headers: &HeaderMap) -> bool {
    let given = headers.contains_key(header::ACCEPT);
    let ranges: Vec<(String, f32)> = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(parse)
        .collect();
    given && quality(&ranges, "text", "plain") <= 0.0 && quality(&ranges, "application", "json") <= 0.0
}

fn parse(range: &str) -> (String, f32) {
    let mut parts = range.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default().to_ascii_lowercase();
    let q = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    (name, q.map_or(1.0, |q| q.parse().unwrap_or(0.0)))
}

/// The q of a type: its most specific range decides (RFC 9110, 12.5.1).
fn quality(ranges: &[(String, f32)], kind: &str, subtype: &str) -> f32 {
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
    fn an_image_alone_is_not_acceptable() {
        assert!(accepts_nothing(&accept("image/png")));
        assert!(!accepts_nothing(&HeaderMap::new()));
    }
}
