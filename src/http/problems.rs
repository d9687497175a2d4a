//! A request id for every response, and a problem document for every refusal.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::LOCAL_PREFIX;
use super::code::Code;
use super::error::ApiError;
use super::problem::Problem;
use super::quota;

/// The header that names a request in answers and in the log.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A request's id: the caller's where it is `[A-Za-z0-9._-]{1,64}`, else ours.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(HeaderValue);

impl RequestId {
    /// Takes the caller's id or makes one. One id, whatever the caller sent: handlers read it from the header.
    pub(crate) fn settle(headers: &mut HeaderMap) -> Self {
        let given = headers.get(REQUEST_ID).filter(|id| is_request_id(id.as_bytes()));
        if let Some(given) = given {
            return Self(given.clone());
        }
        let id = hex::encode(rand::random::<[u8; 12]>());
        let id = HeaderValue::try_from(id).unwrap_or(HeaderValue::from_static(""));
        headers.insert(REQUEST_ID, id.clone());
        Self(id)
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    pub(crate) fn write(self, headers: &mut HeaderMap) {
        headers.insert(REQUEST_ID, self.0);
    }
}

/// The id that [`RequestId::settle`] settled.
pub(crate) fn request_id_of(headers: &HeaderMap) -> String {
    headers
        .get(REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned()
}

fn is_request_id(bytes: &[u8]) -> bool {
    (1..=64).contains(&bytes.len())
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

/// Writes the problem document of every non-2xx answer, those of the framework included. `prefix` goes in front of
/// the address of its type.
pub(crate) async fn problems(id: &RequestId, prefix: &str, request: Request, next: Next) -> Response {
    let others = request
        .uri()
        .path()
        .strip_prefix(LOCAL_PREFIX)
        .is_some_and(|rest| rest.starts_with('/'));
    let response = match quota::refusal(&request) {
        Some(refusal) => refusal.into_response(),
        None => next.run(request).await,
    };
    let status = response.status();
    let ours = response.extensions().get::<Problem>().is_some();
    if status.is_success() || status.is_redirection() || status.is_informational() || (others && !ours) {
        return response;
    }
    let (mut parts, _body) = response.into_parts();
    let mut problem = parts
        .extensions
        .remove::<Problem>()
        .unwrap_or_else(|| of_framework(status));
    problem.put_below(prefix);
    write(problem, id.as_str().to_owned(), parts.headers)
}

/// The framework's own refusals carry nothing but a status.
fn of_framework(status: StatusCode) -> Problem {
    Problem::from(match status {
        StatusCode::NOT_FOUND => ApiError::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => ApiError::MethodNotAllowed,
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::PayloadTooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => ApiError::UnsupportedMediaType,
        StatusCode::NOT_ACCEPTABLE => ApiError::NotAcceptable("Ask for application/json."),
        status if status.is_client_error() && status != StatusCode::REQUEST_TIMEOUT => {
            ApiError::InvalidRequest("The request could not be read.".to_owned())
        }
        StatusCode::INTERNAL_SERVER_ERROR => ApiError::Internal("the framework failed".into()),
        _ => ApiError::Unavailable,
    })
}

fn write(mut problem: Problem, id: String, headers: HeaderMap) -> Response {
    problem.request_id = id;
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    let mut response = (status, body).into_response();
    let kept = headers
        .into_iter()
        .filter_map(|(name, value)| Some((name?, value)));
    response.headers_mut().extend(kept.filter(|(name, _)| {
        name != header::CONTENT_LENGTH && name != header::CONTENT_TYPE && name != header::CONTENT_ENCODING
    }));
    let out = response.headers_mut();
    out.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(wait) = problem.retry_after {
        let whole = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        out.insert(header::RETRY_AFTER, HeaderValue::from(whole.max(1)));
    }
    if problem.code == Code::Unauthenticated {
        out.insert(
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static("Bearer realm=\"yourbit-video\""),
        );
    }
    response
}
