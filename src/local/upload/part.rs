//! The part of a file that a request brings, from `Content-Range` and `Content-Length`.

use axum::http::{HeaderMap, header};

use crate::local::error::MuxError;

/// Size that chunks other than the last are a multiple of, in bytes: 256 KiB, as Google's resumable protocol has it.
pub(crate) const UNIT: u64 = 256 * 1024;

/// The part that a request brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// `bytes */N` or `bytes */*`: no bytes; the request asks how many are stored.
    Probe {
        /// The file's size, where named.
        total: Option<u64>,
    },
    /// No `Content-Range`: the whole file.
    Whole {
        /// `Content-Length`, where sent.
        length: Option<u64>,
    },
    /// `bytes a-b/N` or `bytes a-b/*`: some bytes.
    Chunk {
        /// First byte.
        start: u64,
        /// The byte after the last.
        end: u64,
        /// The file's size, where named.
        total: Option<u64>,
    },
}

impl Part {
    /// Reads the headers by [`parse_content_range`].
    ///
    /// # Errors
    /// 400 for a multipart form, a malformed range, a body in a status request, lengths that differ, or a chunk of
    /// the wrong size.
    pub(crate) fn from_headers(headers: &HeaderMap) -> Result<Self, MuxError> {
        if header_text(headers, header::CONTENT_TYPE)
            .is_some_and(|kind| kind.trim_start().starts_with("multipart/"))
        {
            return Err(MuxError::invalid(
                "Send the file itself as the body, not a multipart form",
            ));
        }
        let length = header_text(headers, header::CONTENT_LENGTH).and_then(|length| length.parse().ok());
        match headers.get(header::CONTENT_RANGE) {
            None => Ok(Self::Whole { length }),
            Some(range) => {
                let part = range.to_str().ok().and_then(parse_content_range);
                let part = part.ok_or_else(|| {
                    MuxError::invalid(
                        "Content-Range must be bytes first-last/total, bytes first-last/* or bytes */total",
                    )
                })?;
                part.check_length(length)?;
                Ok(part)
            }
        }
    }

    /// Returns the file's size, where the request names it.
    pub(crate) fn total_size(self) -> Option<u64> {
        match self {
            Self::Probe { total } | Self::Chunk { total, .. } => total,
            Self::Whole { length } => length,
        }
    }

    /// Checks a part against `Content-Length` and the chunk size [`UNIT`].
    fn check_length(self, length: Option<u64>) -> Result<(), MuxError> {
        let Self::Chunk { start, end, total } = self else {
            return match length {
                None | Some(0) => Ok(()),
                Some(_) => Err(MuxError::invalid("A status request has no body")),
            };
        };
        if length.is_some_and(|length| length != end - start) {
            return Err(MuxError::invalid(
                "Content-Length and Content-Range name different lengths",
            ));
        }
        if Some(end) != total && (end - start) % UNIT != 0 {
            return Err(MuxError::invalid(
                "Every chunk but the last must be a multiple of 262144 bytes long",
            ));
        }
        Ok(())
    }
}

/// Returns a header as text; `None` for a missing one and for other bytes.
fn header_text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// Reads `Content-Range`; `None` for text of another form and for ranges beyond the total.
fn parse_content_range(range: &str) -> Option<Part> {
    let (span, total) = range.trim().strip_prefix("bytes ")?.trim().split_once('/')?;
    let total = if total == "*" {
        None
    } else {
        Some(parse_digits(total)?)
    };
    if span == "*" {
        return Some(Part::Probe { total });
    }
    let (first, last) = span.split_once('-')?;
    let (start, last) = (parse_digits(first)?, parse_digits(last)?);
    let end = last + 1;
    (start < end && total.is_none_or(|total| end <= total)).then_some(Part::Chunk { start, end, total })
}

/// Reads digits, below 2^53, which every client can count exactly.
fn parse_digits(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| digits && *number < 1 << 53)
}

#[cfg(test)]
mod tests {
    use super::{Part, parse_content_range};

    #[test]
    fn ranges_are_read() {
        let chunk = |start, end, total| Some(Part::Chunk { start, end, total });
        assert_eq!(parse_content_range("bytes 0-99/100"), chunk(0, 100, Some(100)));
        assert_eq!(parse_content_range("bytes 0-262143/*"), chunk(0, 262_144, None));
        assert_eq!(
            parse_content_range("bytes */100"),
            Some(Part::Probe { total: Some(100) })
        );
        assert_eq!(
            parse_content_range("bytes */*"),
            Some(Part::Probe { total: None })
        );
    }

    #[test]
    fn malformed_ranges_are_refused() {
        for range in [
            "",
            "bytes",
            "bytes 0-",
            "bytes -5/10",
            "bytes 5-4/10",
            "bytes 0-10/10",
            "bytes 0-9/+10",
            "items 0-9/10",
            "bytes 0-9",
            "bytes 0-9/9999999999999999999",
            "bytes 0-99999999999999999999/*",
            "bytes 0-9/10, 11-12/13",
        ] {
            assert_eq!(parse_content_range(range), None, "{range}");
        }
    }
}
