//! Byte ranges: one span of a file, as players ask for it.

/// The meaning of a `Range` header for a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Range {
    /// No header, or one to be ignored: serve the whole file.
    Whole,
    /// Serve `start..end`, which lies within the file.
    Span(u64, u64),
    /// Answer 416: the range lies behind the file's end.
    Outside,
}

/// Reads `bytes=a-b`, `bytes=a-` and `bytes=-n` for a file of `length` bytes. Every other header is ignored, several
/// spans included, as RFC 9110 allows.
pub(crate) fn parse_range(header: Option<&str>, length: u64) -> Range {
    let Some(span) = header.and_then(|text| text.trim().strip_prefix("bytes=")) else {
        return Range::Whole;
    };
    let Some((first, last)) = span.trim().split_once('-') else {
        return Range::Whole;
    };
    match (parse_digits(first), parse_digits(last)) {
        (Some(first), Some(last)) if first <= last => {
            span_from(first, last.saturating_add(1).min(length), length)
        }
        (Some(first), None) if last.is_empty() => span_from(first, length, length),
        (None, Some(tail)) if first.is_empty() => match tail {
            0 => Range::Outside,
            tail => span_from(length.saturating_sub(tail), length, length),
        },
        _ => Range::Whole,
    }
}

/// Returns the span, or [`Range::Outside`] when it begins behind the end.
fn span_from(start: u64, end: u64, length: u64) -> Range {
    if start < length {
        Range::Span(start, end)
    } else {
        Range::Outside
    }
}

/// Reads digits. A number beyond `u64` counts as the largest one.
fn parse_digits(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::{Range, parse_range};

    #[test]
    fn spans_are_read() {
        assert_eq!(parse_range(Some("bytes=0-9"), 100), Range::Span(0, 10));
        assert_eq!(parse_range(Some("bytes=90-"), 100), Range::Span(90, 100));
        assert_eq!(parse_range(Some("bytes=-10"), 100), Range::Span(90, 100));
        assert_eq!(parse_range(Some("bytes=-1000"), 100), Range::Span(0, 100));
        assert_eq!(
            parse_range(Some("bytes=5-99999999999999999999999"), 100),
            Range::Span(5, 100)
        );
    }

    #[test]
    fn ranges_outside_are_reported() {
        for range in [
            "bytes=100-",
            "bytes=100-200",
            "bytes=-0",
            "bytes=99999999999999999999999-",
        ] {
            assert_eq!(parse_range(Some(range), 100), Range::Outside, "{range}");
        }
    }

    #[test]
    fn other_headers_are_ignored() {
        for range in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=9-5",
            "bytes=a-b",
            "items=0-9",
            "bytes=0-1,3-4",
        ] {
            assert_eq!(parse_range(Some(range), 100), Range::Whole, "{range}");
        }
    }
}
