//! Byte ranges: the one span of a file that a player requests (RFC 9110, 14.1.2).

use http_range_header::{RangeUnsatisfiableError, parse_range_header};

/// The part of a file that a `Range` header selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Range {
    /// The whole file, with 200: there is no header, or one that is to be ignored.
    Whole,
    /// The bytes `start..end` of the file, with 206; `start < end`, and `end` is at most the file's length.
    Span(u64, u64),
    /// No byte of the file: 416.
    Outside,
}

/// Reads `bytes=a-b`, `bytes=a-` and `bytes=-n` for a file of `length` bytes. Anything else, several spans included, is
/// ignored, as RFC 9110 allows.
pub(crate) fn parse_range(header: Option<&str>, length: u64) -> Range {
    // Why: several spans would have to be sent as `multipart/byteranges`, which this server does not make.
    let one_span = |text: &&str| text.starts_with("bytes=") && !text.contains(',');
    let Some(Ok(range)) = header.map(str::trim).filter(one_span).map(parse_range_header) else {
        return Range::Whole;
    };
    match range.validate(length).as_deref() {
        Ok([span]) => Range::Span(*span.start(), *span.end() + 1),
        // Why: `Ok` without a span is the last bytes of an empty file, which has none to send.
        Ok(_) | Err(RangeUnsatisfiableError::Unsatisfiable) => Range::Outside,
        Err(_) => Range::Whole,
    }
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
