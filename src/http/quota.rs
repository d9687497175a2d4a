//! Limits that callers see: what is too long, the headers of a quota, and 503 before everything becomes slow.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use hyper::body::{Frame, SizeHint};

use super::error::ApiError;
use super::server::Surplus;
use crate::limits::{Admission, Place, Quota};
use crate::state::AppState;

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
    let surplus = request.extensions().get::<Surplus>().is_some() && !is_probe(request);
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

/// A request that is answered now, or none where it would not be in good time: it is to come again. Probes always are,
/// and streams count only until they begin.
pub(crate) async fn enter(state: &AppState, request: Request) -> Option<(Admitted, Request)> {
    if is_probe(&request) {
        return Some((Admitted(None), request));
    }
    let place = places_of(state, &request).enter().await?;
    let (place, request) = lending(place, request);
    Some((Admitted(Some(place)), request))
}

/// The place that a request has until it is answered.
pub(crate) struct Admitted(Option<Arc<Place>>);

impl Admitted {
    /// What was refused as wrong says nothing of how busy we are.
    pub(crate) fn answered(self, response: &Response) {
        if let Some(place) = self.0
            && !response.status().is_client_error()
        {
            place.answered();
        }
    }
}

fn is_probe(request: &Request) -> bool {
    matches!(request.uri().path(), "/livez" | "/readyz")
}

fn places_of<'a>(state: &'a AppState, request: &Request) -> &'a Arc<Admission> {
    if request.uri().path().starts_with("/v1/webhooks/") {
        &state.places.webhooks
    } else if matches!(*request.method(), Method::GET | Method::HEAD) {
        &state.places.reads
    } else {
        &state.places.changes
    }
}

/// While the client still sends, others have its place: who dawdles holds up nobody.
fn lending(place: Place, request: Request) -> (Arc<Place>, Request) {
    let place = Arc::new(place);
    if request.body().is_end_stream() {
        return (place, request);
    }
    let lender = place.clone();
    let request = request.map(|inner| {
        Body::new(Lending {
            inner,
            place: lender,
            away_since: None,
        })
    });
    (place, request)
}

struct Lending {
    inner: Body,
    place: Arc<Place>,
    away_since: Option<Instant>,
}

impl Lending {
    fn come_back(&mut self) {
        if let Some(since) = self.away_since.take() {
            self.place.come_back(since.elapsed());
        }
    }
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
            self.come_back();
        } else if self.away_since.is_none() {
            self.away_since = Some(Instant::now());
            self.place.leave();
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

impl Drop for Lending {
    fn drop(&mut self) {
        self.come_back();
    }
}
