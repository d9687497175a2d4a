//! What the head of an answer says: where its bytes begin, how many there are, and whether they may be taken.

use std::time::{Duration, SystemTime};

use reqwest::{
    StatusCode,
    header::{self, HeaderMap, HeaderName},
};

use super::failure::FetchEnd;

/// Longest wait that a source may ask for by `Retry-After`.
const MAX_WAIT: Duration = Duration::from_mins(10);
/// Longest validator that is kept, in bytes.
const MAX_VALIDATOR: usize = 256;
/// How much older than the answer a file must be for its time to name it.
const SETTLED: Duration = Duration::from_mins(1);

/// The meaning of an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Bytes from `start` on.
    Bytes(Part),
    /// All bytes are here already.
    Complete,
    /// The source has another file now: all bytes are asked for anew.
    Changed,
}

/// The bytes that an answer brings.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Offset of the first byte.
    pub(super) start: u64,
    /// Offset behind the last byte, where it is told.
    pub(super) end: Option<u64>,
    /// The file's size, where it is told.
    pub(super) total: Option<u64>,
    /// The strong `ETag`, or the `Last-Modified`, by which the rest can be asked for.
    pub(super) validator: Option<String>,
}

/// What was asked for: the bytes behind `offset`, of a file of this size and with this validator where they are known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    pub(super) offset: u64,
    pub(super) total: Option<u64>,
    pub(super) validator: Option<&'a str>,
}

/// Reads the head of an answer.
///
/// # Errors
/// The source refuses (4xx), fails (5xx, 408, 425, 429: the next try may succeed), or sends what was not asked for.
pub(super) fn read_answer(
    status: StatusCode,
    headers: &HeaderMap,
    question: Question<'_>,
) -> Result<Answer, FetchEnd> {
    let is_resumed = question.offset > 0 && question.validator.is_some();
    match status.as_u16() {
        200 => {
            check_coding(headers)?;
            let total = text(headers, header::CONTENT_LENGTH).and_then(|length| length.parse().ok());
            Ok(Answer::Bytes(Part {
                start: 0,
                end: total,
                total,
                validator: read_validator(headers),
            }))
        }
        206 if is_resumed => {
            check_coding(headers)?;
            Ok(read_rest(headers, question).map_or(Answer::Changed, Answer::Bytes))
        }
        206 => Err(FetchEnd::unreachable(
            "The source answers with a part of the file, where the whole was asked for",
        )),
        416 if is_resumed => {
            let told = text(headers, header::CONTENT_RANGE).and_then(|range| range.strip_prefix("bytes */"));
            let is_all = told.and_then(|total| total.parse().ok()) == Some(question.offset);
            Ok(if is_all { Answer::Complete } else { Answer::Changed })
        }
        408 | 425 | 429 | 500..=599 => Err(FetchEnd::Broken(
            format!("The source answers {}", status.as_u16()),
            read_wait(headers),
        )),
        _ => Err(FetchEnd::unreachable(format!(
            "The source answers {}",
            status.as_u16()
        ))),
    }
}

/// Returns the rest that a 206 brings; `None` where it is not the rest of the file that is here.
fn read_rest(headers: &HeaderMap, question: Question<'_>) -> Option<Part> {
    let (start, end, total) = read_content_range(text(headers, header::CONTENT_RANGE)?)?;
    let is_same_size = question.total.is_none() || total.is_none() || question.total == total;
    let validator = read_validator(headers);
    let is_same_file = validator.is_none() || validator.as_deref() == question.validator;
    let length: Option<u64> = text(headers, header::CONTENT_LENGTH).and_then(|length| length.parse().ok());
    let is_whole = length.is_none_or(|length| length == end - start);
    (start == question.offset && is_same_size && is_same_file && is_whole).then(|| Part {
        start,
        end: Some(end),
        total: total.or(question.total),
        validator: question.validator.map(str::to_owned),
    })
}

/// Reads `bytes a-b/total` or `bytes a-b/*`: first byte, the byte behind the last, total.
fn read_content_range(range: &str) -> Option<(u64, u64, Option<u64>)> {
    let (span, total) = range.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = span.split_once('-')?;
    let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
    let total = match total {
        "*" => None,
        total => Some(total.parse().ok()?),
    };
    let end = last.checked_add(1)?;
    (first < end && total.is_none_or(|total| end <= total)).then_some((first, end, total))
}

/// Returns the validator of a file: its strong `ETag`, else its `Last-Modified` where that is surely not of the second in
/// which the file may still change.
fn read_validator(headers: &HeaderMap) -> Option<String> {
    let tag = text(headers, header::ETAG).filter(|tag| tag.starts_with('"'));
    let settled = || {
        let modified = text(headers, header::LAST_MODIFIED)?;
        let (at, now) = (read_date(modified)?, read_date(text(headers, header::DATE)?)?);
        (now.duration_since(at).ok()? >= SETTLED).then_some(modified)
    };
    let validator = tag.or_else(settled)?;
    (validator.len() <= MAX_VALIDATOR).then(|| validator.to_owned())
}

/// Refuses a body that is packed: nothing here unpacks one.
fn check_coding(headers: &HeaderMap) -> Result<(), FetchEnd> {
    let is_plain = |coding: &str| coding.is_empty() || coding.eq_ignore_ascii_case("identity");
    let mut codings = headers.get_all(header::CONTENT_ENCODING).iter();
    if codings.all(|coding| coding.to_str().is_ok_and(|coding| is_plain(coding.trim()))) {
        return Ok(());
    }
    Err(FetchEnd::unreachable(
        "The source sends the file compressed (Content-Encoding), where it was asked not to",
    ))
}

/// Reads `Retry-After`: seconds or a date, at most [`MAX_WAIT`].
fn read_wait(headers: &HeaderMap) -> Option<Duration> {
    let told = text(headers, header::RETRY_AFTER)?;
    let seconds = told.parse().ok().map(Duration::from_secs);
    // Why by its own `Date`: the source's clock may be wrong.
    let until = || {
        let now = read_date(text(headers, header::DATE)?)?;
        read_date(told)?.duration_since(now).ok()
    };
    seconds.or_else(until).map(|wait| wait.min(MAX_WAIT))
}

fn read_date(date: &str) -> Option<SystemTime> {
    httpdate::parse_http_date(date).ok()
}

/// Returns a header as text; `None` for a missing one and for other bytes.
fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    Some(headers.get(name)?.to_str().ok()?.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, headers: &[(&'static str, &str)], question: Question<'_>) -> Result<Answer, String> {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect();
        read_answer(StatusCode::from_u16(status).unwrap(), &headers, question).map_err(|end| match end {
            FetchEnd::Refused(_, reason) => format!("refused: {reason}"),
            FetchEnd::Broken(reason, wait) => format!("broken: {reason} {wait:?}"),
            other => format!("{other:?}"),
        })
    }

    const ALL: Question<'_> = Question {
        offset: 0,
        total: None,
        validator: None,
    };
    const REST: Question<'_> = Question {
        offset: 100,
        total: Some(300),
        validator: Some("\"v1\""),
    };

    fn part(start: u64, end: Option<u64>, total: Option<u64>, validator: Option<&str>) -> Answer {
        Answer::Bytes(Part {
            start,
            end,
            total,
            validator: validator.map(str::to_owned),
        })
    }

    #[test]
    fn a_whole_file_says_by_what_its_rest_is_asked_for() {
        let date = "Tue, 15 Nov 1994 12:45:26 GMT";
        for (headers, validator) in [
            (&[("etag", "\"v1\"")][..], Some("\"v1\"")),
            (&[("etag", "W/\"v1\"")][..], None),
            (
                &[("last-modified", date), ("date", "Tue, 15 Nov 1994 12:45:27 GMT")][..],
                None,
            ),
            (
                &[("last-modified", date), ("date", "Tue, 15 Nov 1994 13:45:27 GMT")][..],
                Some(date),
            ),
            (&[("last-modified", date)][..], None),
        ] {
            let read = read(200, headers, REST);
            assert_eq!(read.unwrap(), part(0, None, None, validator), "{headers:?}");
        }
        let read = read(
            200,
            &[("content-length", "300"), ("content-encoding", "identity")],
            ALL,
        );
        assert_eq!(read.unwrap(), part(0, Some(300), Some(300), None));
    }

    #[test]
    fn the_rest_is_taken_when_it_fits_what_is_here() {
        let fits = read(
            206,
            &[("content-range", "bytes 100-299/300"), ("etag", "\"v1\"")],
            REST,
        );
        assert_eq!(fits.unwrap(), part(100, Some(300), Some(300), Some("\"v1\"")));
        let piece = read(206, &[("content-range", "bytes 100-149/*")], REST);
        assert_eq!(piece.unwrap(), part(100, Some(150), Some(300), Some("\"v1\"")));
        for headers in [
            &[][..],
            &[("content-range", "bytes 99-299/300")][..],
            &[("content-range", "bytes 101-299/300")][..],
            &[("content-range", "bytes 100-299/301")][..],
            &[("content-range", "bytes 100-400/300")][..],
            &[("content-range", "bytes 100-18446744073709551615/*")][..],
            &[("content-range", "bytes 100-299/300"), ("etag", "\"v2\"")][..],
            &[("content-range", "bytes 100-299/300"), ("content-length", "5")][..],
            &[("content-type", "multipart/byteranges; boundary=x")][..],
        ] {
            assert_eq!(read(206, headers, REST).unwrap(), Answer::Changed, "{headers:?}");
        }
        let refused = read(206, &[("content-range", "bytes 0-9/300")], ALL).unwrap_err();
        assert!(refused.starts_with("refused"), "{refused}");
    }

    #[test]
    fn a_range_behind_the_end_is_the_end_or_another_file() {
        let end = &[("content-range", "bytes */100")];
        assert_eq!(read(416, end, REST).unwrap(), Answer::Complete);
        assert_eq!(
            read(416, &[("content-range", "bytes */99")], REST).unwrap(),
            Answer::Changed
        );
        assert_eq!(read(416, &[], REST).unwrap(), Answer::Changed);
        assert!(read(416, end, ALL).unwrap_err().starts_with("refused"));
    }

    #[test]
    fn refusals_are_for_good_and_failures_are_not() {
        for status in [204, 300, 304, 400, 401, 403, 404, 410, 451] {
            let end = read(status, &[], ALL).unwrap_err();
            assert_eq!(end, format!("refused: The source answers {status}"));
        }
        for status in [408, 425, 429, 500, 503, 599] {
            let end = read(status, &[("retry-after", "7")], ALL).unwrap_err();
            assert_eq!(end, format!("broken: The source answers {status} Some(7s)"));
        }
        let dates = [
            ("date", "Tue, 15 Nov 1994 12:45:26 GMT"),
            ("retry-after", "Tue, 15 Nov 1994 12:46:26 GMT"),
        ];
        assert!(read(503, &dates, ALL).unwrap_err().ends_with("Some(60s)"));
        let long = read(503, &[("retry-after", "999999999")], ALL).unwrap_err();
        assert!(long.ends_with("Some(600s)"), "{long}");
        for packed in ["gzip", "identity, gzip", "x-unknown"] {
            let end = read(200, &[("content-encoding", packed)], ALL).unwrap_err();
            assert!(end.contains("compressed"), "{packed}: {end}");
        }
    }
}
