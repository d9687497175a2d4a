//! Files of `local.dir` over HTTP, whole, in part, or unchanged.

use std::{io::SeekFrom, path::Path};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use super::{
    access::Grant,
    headers,
    range::{self, Range},
};
use crate::local::{app::App, error::MuxError};

/// Bytes read from the disk at once.
const PIECE: usize = 64 * 1024;

/// Serves one file as `content_type`: 200, 206 for a range ([`range::parse_range`]), 304 for a known `ETag`, 416 for
/// a range outside.
///
/// # Errors
/// 404 when the file is missing.
pub(crate) async fn serve_file(
    app: &App,
    grant: &Grant,
    path: &Path,
    content_type: &'static str,
    request: &HeaderMap,
) -> Result<Response, MuxError> {
    let mut file = match tokio::fs::File::open(path).await {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(MuxError::not_found("File"));
        }
        other => other?,
    };
    let length = file.metadata().await?.len();
    // Why names suffice for the tag: a file of one name never changes. One address may get another file later: the
    // picture without a time, when `thumbnail_time` changes.
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let tag = format!(
        "\"{}-{name}-{length}\"",
        grant.asset.id.get(..16).unwrap_or_default()
    );
    let header = |name| {
        request
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    let fresh =
        header(header::IF_NONE_MATCH).is_some_and(|tags| tags.split(',').any(|one| one.trim() == tag));
    // Why: a range of another version would not fit the bytes that the player has.
    let whole = header(header::IF_RANGE).is_some_and(|known| known != tag);
    let asked = range::parse_range(header(header::RANGE).filter(|_| !whole), length);
    let mut response = match asked {
        // Why first: a file that the player has is not sent again, whatever range it asks for.
        _ if fresh => StatusCode::NOT_MODIFIED.into_response(),
        Range::Outside => return Ok(range_not_satisfiable(length)),
        Range::Whole => file_body(file, length),
        Range::Span(start, end) => {
            file.seek(SeekFrom::Start(start)).await?;
            let mut part = file_body(file, end - start);
            *part.status_mut() = StatusCode::PARTIAL_CONTENT;
            insert_header(
                &mut part,
                header::CONTENT_RANGE,
                &format!("bytes {start}-{}/{length}", end - 1),
            );
            part
        }
    };
    insert_header(&mut response, header::ETAG, &tag);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CACHE_CONTROL, headers::cache_control(app, grant));
    Ok(response)
}

/// Returns a response that streams `length` bytes of the file from its current position.
fn file_body(file: tokio::fs::File, length: u64) -> Response {
    let stream = ReaderStream::with_capacity(file.take(length), PIECE);
    let mut response = Body::from_stream(stream).into_response();
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    response
}

/// Returns 416 with the file's length.
fn range_not_satisfiable(length: u64) -> Response {
    let mut response = StatusCode::RANGE_NOT_SATISFIABLE.into_response();
    insert_header(&mut response, header::CONTENT_RANGE, &format!("bytes */{length}"));
    response
}

/// Inserts a header; a value that is no header value is left out.
fn insert_header(response: &mut Response, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
