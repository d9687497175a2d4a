//! Refusals before the handler, and the problem document of every refusal: steps 3 and 4 of
//! [`observe`](super::observe()).

use std::sync::Arc;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use super::request_id::RequestId;
use crate::config::Settings;
use crate::http::accept::prefers_html;
use crate::http::docs::{HTML, ProblemPage, guard};
use crate::http::paths::{LOCAL_PREFIX, is_probe};
use crate::http::problem::{ApiError, Code, Problem};
use crate::http::server::Surplus;

/// Longest path and query, in bytes.
const LONGEST_URL: usize = 8 * 1024;
/// Longest sum of all header names and values of a request, in bytes.
const LONGEST_HEADERS: usize = 32 * 1024;

/// How a listener writes its refusals. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct ProblemForm {
    /// The path of `http.public_url`, which goes in front of a problem's `type`.
    prefix: Arc<str>,
    page: ProblemPage,
}

impl ProblemForm {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            prefix: settings.http.path_prefix().into(),
            page: ProblemPage::new(settings),
        }
    }
}

/// Runs the request, and writes the problem document of a non-2xx response, the framework's own included.
///
/// 1. A request that is too long, or comes on a surplus connection, is refused without running it.
/// 2. Else the layers and the handler below make the response.
/// 3. A response of 1xx, 2xx or 3xx passes as it is, and so does a refusal of the built-in provider, which has a form
///    of its own.
/// 4. Any other becomes the document of its [`Problem`], or of its bare status; a page for a browser that opened the
///    address.
pub(super) async fn run_with_problems(
    id: &RequestId,
    form: &ProblemForm,
    request: Request,
    next: Next,
) -> Response {
    let is_local = request
        .uri()
        .path()
        .strip_prefix(LOCAL_PREFIX)
        .is_some_and(|rest| rest.starts_with('/'));
    let as_page = is_opened(&request);
    let response = match check_size(&request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    let status = response.status();
    // Why: refusals of our own layers (size, development mode) reach the built-in provider's routes too, and are ours.
    let has_problem = response.extensions().get::<Problem>().is_some();
    if status.is_success()
        || status.is_redirection()
        || status.is_informational()
        || (is_local && !has_problem)
    {
        return response;
    }
    let (mut parts, _body) = response.into_parts();
    let mut problem = parts
        .extensions
        .remove::<Problem>()
        .unwrap_or_else(|| problem_of_status(status));
    problem.prefix_type(&form.prefix);
    id.as_str().clone_into(&mut problem.request_id);
    if as_page {
        let page = form.page.of_refusal(&problem);
        let mut response = write_refusal(&problem, HTML, page, parts.headers);
        response.headers_mut().extend(guard());
        return response;
    }
    let document = serde_json::to_vec(&problem).unwrap_or_default();
    write_refusal(&problem, "application/problem+json", document, parts.headers)
}

/// Tells whether a browser opened the address, so that a person reads the answer: a GET that prefers HTML.
fn is_opened(request: &Request) -> bool {
    matches!(*request.method(), Method::GET | Method::HEAD) && prefers_html(request.headers())
}

/// Checks what needs no handler: the length of the URL (414) and of all headers (431), and whether the connection is
/// beyond the limit (503, but for probes).
fn check_size(request: &Request) -> Result<(), ApiError> {
    let url = request.uri().path_and_query().map_or(0, |all| all.as_str().len());
    if url > LONGEST_URL {
        let detail = "The URL is longer than 8 KiB.";
        return Err(ApiError::TooLong(StatusCode::URI_TOO_LONG, detail));
    }
    let headers = request.headers().iter();
    let headers: usize = headers
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if headers > LONGEST_HEADERS {
        let detail = "The headers are longer than 32 KiB together.";
        return Err(ApiError::TooLong(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            detail,
        ));
    }
    let surplus = request.extensions().get::<Surplus>().is_some() && !is_probe(request.uri().path());
    if surplus {
        return Err(ApiError::Unavailable);
    }
    Ok(())
}

/// Makes the problem of a refusal of the framework, which carries nothing but a status.
fn problem_of_status(status: StatusCode) -> Problem {
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

/// Writes the body, a document or a page. Headers of the refused response stay (`Allow`, `RateLimit`, CORS), but for
/// those that describe its body.
fn write_refusal(
    problem: &Problem,
    content_type: &'static str,
    body: impl IntoResponse,
    headers: HeaderMap,
) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, body).into_response();
    let remaining = headers
        .into_iter()
        .filter_map(|(name, value)| Some((name?, value)));
    response.headers_mut().extend(remaining.filter(|(name, _)| {
        name != header::CONTENT_LENGTH && name != header::CONTENT_TYPE && name != header::CONTENT_ENCODING
    }));
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(wait) = problem.retry_after {
        // Why rounded up, and at least 1: a client that comes early is refused again.
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
