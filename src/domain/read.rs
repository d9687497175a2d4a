//! Parsers of values that providers write in several ways.

use chrono::{DateTime, FixedOffset, NaiveDateTime, Utc};

/// Parses a time in RFC 3339, or as databases and their exports write it: with a blank for the `T`, and an offset
/// without a colon or of hours alone. Without an offset it is UTC. `None` for anything else.
pub fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(at.with_timezone(&Utc));
    }
    // The date `2024-05-01`, one separator, and the rest.
    let (date, rest) = (text.get(..10)?, text.get(11..)?);
    // Both slices exist, so the byte between them does, and is a character of its own.
    if !matches!(text.as_bytes()[10], b'T' | b't' | b' ') {
        return None;
    }
    let end = rest.find(|char: char| !(char.is_ascii_digit() || matches!(char, ':' | '.')));
    let (time, offset) = rest.split_at(end.unwrap_or(rest.len()));
    let local = NaiveDateTime::parse_from_str(&format!("{date}T{time}"), "%Y-%m-%dT%H:%M:%S%.f").ok()?;
    let at = local.and_local_timezone(parse_offset(offset.trim())?).single()?;
    Some(at.with_timezone(&Utc))
}

/// Parses `+02`, `+0200`, `+02:00`, `Z`, `UTC`, `GMT`, or nothing, which is UTC.
fn parse_offset(text: &str) -> Option<FixedOffset> {
    if matches!(text, "" | "Z" | "z" | "UTC" | "GMT") {
        return FixedOffset::east_opt(0);
    }
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match digits.as_bytes() {
        [_, _] => (digits, "0"),
        [_, _, b':', _, _] => (digits.get(..2)?, digits.get(3..)?),
        [_, _, _, _] => (digits.get(..2)?, digits.get(2..)?),
        _ => return None,
    };
    if !hours
        .bytes()
        .chain(minutes.bytes())
        .all(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    if hours > 23 || minutes > 59 {
        return None;
    }
    FixedOffset::east_opt(sign * (hours * 3600 + minutes * 60))
}

/// Parses an aspect ratio into the form `16:9`. The separators `/`, `x` and `×` are read too; whole numbers are reduced
/// to lowest terms. `None` for anything but two positive numbers.
pub fn parse_aspect_ratio(text: &str) -> Option<String> {
    let (width, height) = text.trim().split_once([':', '/', 'x', 'X', '\u{d7}'])?;
    let (width, height) = (width.trim(), height.trim());
    if let (Ok(width), Ok(height)) = (width.parse(), height.parse()) {
        return aspect_ratio_of(width, height);
    }
    let is_ratio = |text: &str| {
        text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
            && text.parse().is_ok_and(|number: f64| number > 0.0)
    };
    (is_ratio(width) && is_ratio(height)).then(|| format!("{width}:{height}"))
}

/// Computes the aspect ratio of a picture in pixels, in lowest terms; `None` if a side is 0.
pub fn aspect_ratio_of(width: u64, height: u64) -> Option<String> {
    if width == 0 || height == 0 {
        return None;
    }
    // Euclid's algorithm.
    let (mut divisor, mut rest) = (width, height);
    while rest > 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    Some(format!("{}:{}", width / divisor, height / divisor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_databases_and_providers_write_them() {
        for text in [
            "2024-05-01T12:00:00Z",
            "2024-05-01t12:00:00z",
            "2024-05-01 12:00:00+00:00",
            "2024-05-01T14:00:00.000000+02:00",
            "2024-05-01 12:00:00",
            "2024-05-01T12:00:00",
            "2024-05-01T12:00:00.000",
            "2024-05-01 12:00:00.000+00",
            "2024-05-01 12:00:00+00",
            "2024-05-01 17:30:00+05:30",
            "2024-05-01 17:30:00+0530",
            "2024-05-01 09:00:00-03",
            "2024-05-01 12:00:00 +0000",
            "2024-05-01 12:00:00 UTC",
            " 2024-05-01 12:00:00.000000Z ",
        ] {
            assert_eq!(
                parse_time(text).map(|at| at.timestamp()),
                Some(1_714_564_800),
                "{text}"
            );
        }
        let millis = parse_time("2024-05-01 12:00:00.123+00").map(|at| at.timestamp_millis());
        assert_eq!(millis, Some(1_714_564_800_123));
        for bad in [
            "",
            "yesterday",
            "2024-05-01",
            "1714564800",
            "2024-05-01 12:00",
            "2024-05-01_12:00:00",
            "2024-13-01 12:00:00",
            "2024-05-01 12:00:00+",
            "2024-05-01 12:00:00+2",
            "2024-05-01 12:00:00+24",
            "2024-05-01 12:00:00+0060",
            "2024-05-01 12:00:00+1é",
            "2024-05-01 12:00:00 CEST",
            "2024-05-0é 12:00:00",
        ] {
            assert_eq!(parse_time(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_aspect_ratio_is_two_numbers_with_a_colon() {
        for (text, wanted) in [
            ("16:9", Some("16:9")),
            ("16/9", Some("16:9")),
            ("1920x1080", Some("16:9")),
            (" 4 / 3 ", Some("4:3")),
            ("427:240", Some("427:240")),
            ("2.39:1", Some("2.39:1")),
            ("0:0", None),
            ("16/0", None),
            ("1.78", None),
            ("wide", None),
            ("x", None),
            ("-16:9", None),
            ("inf:1", None),
        ] {
            assert_eq!(parse_aspect_ratio(text).as_deref(), wanted, "{text}");
        }
        assert_eq!(aspect_ratio_of(1920, 1080).as_deref(), Some("16:9"));
        assert_eq!(aspect_ratio_of(1080, 1920).as_deref(), Some("9:16"));
        assert_eq!(aspect_ratio_of(0, 1080), None);
    }
}
