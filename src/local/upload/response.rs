//! Responses of the upload URL.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::local::error::MuxError;

/// The response to a request that was understood.
#[derive(Debug)]
pub(crate) enum UploadResponse {
    /// 200: the whole file is stored.
    Complete,
    /// 308 with `Range`: this many bytes are stored, send the rest.
    Partial(u64),
    /// 4xx for a chunk that begins too late, with the stored bytes in `Range` by [`with_range`].
    Misfit(MuxError, u64),
}

impl IntoResponse for UploadResponse {
    fn into_response(self) -> Response {
        match self {
            Self::Complete => StatusCode::OK.into_response(),
            Self::Partial(received) => with_range(StatusCode::PERMANENT_REDIRECT.into_response(), received),
            Self::Misfit(fault, received) => with_range(fault.into_response(), received),
        }
    }
}

/// Adds `Range: bytes=0-N`; nothing when no byte is stored.
fn with_range(mut response: Response, received: u64) -> Response {
    let last = received
        .checked_sub(1)
        .map(|last| HeaderValue::from_str(&format!("bytes=0-{last}")));
    if let Some(Ok(range)) = last {
        response.headers_mut().insert(header::RANGE, range);
    }
    response
}
