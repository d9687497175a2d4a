//! Limits that callers see: what is too long, the headers of a quota, and permits that are lent while a body arrives.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use hyper::body::{Frame, SizeHint};

use super::error::ApiError;
use super::server::Surplus;
use crate::limits::{Lent, Permit, Quota};

/// Longest path and query, in bytes.
const LONGEST_URL: usize = 8 * 1024;
/// All headers of a request together, in bytes.
const LONGEST_HEADERS: usize = 32 * 1024;

/// Why nobody needs to look at the request.
pub(crate) fn refusal(request: &Request) -> Option<ApiError> {
    let url = request.uri().path_and_query().map_or(0, |all| all.as_str().len());
    if url > LONGEST_URL {
        let detail = "The URL is longer than 8 KiB.";
        return Some(ApiError::TooLong(StatusCode::URI_TOO_LONG, detail));
    }
    let headers = request.headers().iter();
    let headers: usize = headers
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if headers > LONGEST_HEADERS {
        let detail = "The headers are longer than 32 KiB together.";
        return Some(ApiError::TooLong(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            detail,
        ));
    }
    let surplus = request.extensions().get::<Surplus>().is_some() && !is_probe(request.uri().path());
    surplus.then_some(ApiError::Unavailable)
}

/// Writes `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10).
pub(crate) fn write(name: &str, quota: &Quota, headers: &mut HeaderMap) {
    let whole_in = quota.whole_in.as_secs() + u64::from(quota.whole_in.subsec_nanos() > 0);
    let policy = format!("\"{name}\";q={};w=60", quota.per_min);
    let left = format!("\"{name}\";r={};t={whole_in}", quota.left);
    for (header, value) in [("ratelimit-policy", policy), ("ratelimit", left)] {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(HeaderName::from_static(header), value);
        }
    }
}

/// Probes are answered however much there is to do.
pub(crate) fn is_probe(path: &str) -> bool {
    matches!(path, "/livez" | "/readyz")
}

/// A body that lends the request's permit while its client still sends: who dawdles holds up nobody.
pub(crate) fn lending(permit: &Arc<Permit>, body: Body) -> Body {
    if body.is_end_stream() {
        return body;
    }
    Body::new(Lending {
        inner: body,
        permit: permit.clone(),
        lent: None,
    })
}

struct Lending {
    inner: Body,
    permit: Arc<Permit>,
    /// While the client is waited for.
    lent: Option<Lent>,
}

impl HttpBody for Lending {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(context);
        if polled.is_ready() {
            self.lent = None;
        } else if self.lent.is_none() {
            self.lent = Some(self.permit.step_out());
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
