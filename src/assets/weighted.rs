//! Headers that are lists of names with qualities: `Accept`, `Accept-Encoding` (RFC 9110, 12.4.2).

use http::{HeaderMap, HeaderName};

/// Parses all headers of this name, in order: each name in lower case, and its quality. A missing `q` is 1, one that is no
/// number is 0; other parameters do not count. A value that is not ASCII text is left out.
pub fn parse_weighted(headers: &HeaderMap, name: HeaderName) -> Vec<(String, f32)> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(parse_member)
        .collect()
}

fn parse_member(text: &str) -> (String, f32) {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default().to_ascii_lowercase();
    let q = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    (name, q.map_or(1.0, |q| q.parse().unwrap_or(0.0)))
}
