//! Bodies that are read within a limit of their own, and within memory that callers share fairly.

use axum::body::{Body, HttpBody};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;

use super::problem::ApiError;
use crate::limits::MemoryShare;

/// Reads the body, within `most` bytes and the room that `share` can still take.
///
/// Why it takes room for what has arrived and not for what `Content-Length` declares: a client that declares much and
/// sends nothing must take nothing from others.
///
/// # Errors
/// [`ApiError::PayloadTooLarge`], [`ApiError::Unavailable`] where there is no room, [`ApiError::InvalidRequest`] where the body
/// broke off.
pub(crate) async fn read_body(
    mut body: Body,
    most: usize,
    share: &mut MemoryShare,
) -> Result<Bytes, ApiError> {
    // Why: a declared length beyond the limit is refused without reading any of it.
    if body.size_hint().lower() > most as u64 {
        return Err(ApiError::PayloadTooLarge);
    }
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let broke_off = |_| ApiError::InvalidRequest("The body broke off.".to_owned());
        let Ok(data) = frame.map_err(broke_off)?.into_data() else {
            continue;
        };
        let length = all.len() + data.len();
        if length > most {
            return Err(ApiError::PayloadTooLarge);
        }
        share.grow_to(length).map_err(|_refused| ApiError::Unavailable)?;
        // Why: most bodies are one frame, which needs no copy.
        if all.is_empty() && body.is_end_stream() {
            return Ok(data);
        }
        all.extend_from_slice(&data);
    }
    Ok(all.freeze())
}
