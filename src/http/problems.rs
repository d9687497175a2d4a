//! The layers that give every response its request id and every refusal its problem document.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};

use super::LOCAL_PREFIX;
use super::code::Code;
use super::error::ApiError;
use super::problem::Problem;
use super::quota;

/// The header that names a request in answers and in the log.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A request's id: the caller's where it is `[A-Za-z0-9._-]{1,64}`, else ours.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(pub(crate) String);

/// Takes the caller's id or makes one; writes it on the response.
pub(crate) async fn request_id(mut request: Request, next: Next) -> Response {
    let given = request
        .headers()
        .get(REQUEST_ID)
        .and_then(|value| value.to_str().ok());
    let id = given
        .filter(|id| is_request_id(id))
        .map_or_else(fresh, str::to_owned);
    request.extensions_mut().insert(RequestId(id.clone()));
    if let Ok(value) = HeaderValue::from_str(&id) {
        // One id, whatever the caller sent: handlers read it from here.
        request.headers_mut().insert(REQUEST_ID, value);
    }
    let mut response = next.run(request).await;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// The id that [`request_id`] settled.
pub(crate) fn request_id_of(headers: &http::HeaderMap) -> String {
    headers
        .get(REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned()
}

fn is_request_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

fn fresh() -> String {
    hex::encode(rand::random::<[u8; 12]>())
}

/// Writes the problem document of every non-2xx answer, those of the framework included.
pub(crate) async fn problems(request: Request, next: Next) -> Response {
    let id = request
        .extensions()
        .get::<RequestId>()
        .map(|id| id.0.clone())
        .unwrap_or_default();
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
    let problem = parts
        .extensions
        .remove::<Problem>()
        .unwrap_or_else(|| of_framework(status));
    write(problem, id, parts.headers)
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

fn write(mut problem: Problem, id: String, headers: http::HeaderMap) -> Response {
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
