//! What the upload URL answers.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::local::error::MuxError;

/// A request that was understood.
#[derive(Debug)]
pub(crate) enum UploadResponse {
    /// 200: the whole file is here.
    Complete,
    /// 308: so many bytes are here, go on.
    Partial(u64),
    /// 4xx for a chunk that does not fit, with what is here beside it.
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

/// `Range: bytes=0-N`; none when nothing is here.
fn with_range(mut response: Response, received: u64) -> Response {
    let last = received
        .checked_sub(1)
        .map(|last| HeaderValue::from_str(&format!("bytes=0-{last}")));
    if let Some(Ok(range)) = last {
        response.headers_mut().insert(header::RANGE, range);
    }
    response
}
