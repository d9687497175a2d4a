//! Pages for people: the rendering of the OpenAPI document, and the meaning of each problem code.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde::Serialize;
use utoipa::ToSchema;

use super::problem_page::ProblemPage;
use crate::http::accept::prefers_html;
use crate::http::problem::{ApiError, Code};
use crate::state::AppState;

/// The media type of a page.
pub(crate) const HTML: &str = "text/html; charset=utf-8";
/// The content security policy of the pages: their own files and the document, nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What a problem's code means.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProblemMeaning)]
pub(crate) struct Meaning {
    code: Code,
    /// The status of an answer with this code.
    status: u16,
    title: &'static str,
    /// What it means.
    meaning: &'static str,
    /// What to do.
    remedy: &'static str,
}

/// This document, for people.
#[utoipa::path(
    get,
    path = "/docs",
    operation_id = "page",
    tag = "documents",
    security(()),
    responses((status = 200, content_type = "text/html", body = String)),
    extensions(("x-problems" = json!(["not_found"]))),
)]
pub(crate) async fn show_docs() -> Response {
    respond_static(HTML, include_str!("index.html"))
}

/// A script or a style sheet of the page.
#[utoipa::path(
    get,
    path = "/docs/{file}",
    operation_id = "file",
    tag = "documents",
    security(()),
    params(("file" = String, Path, pattern = "^[a-z]+[.](js|css)$", description = "Its name.")),
    responses(
        (status = 200, content((String = "text/javascript"), (String = "text/css"))),
    ),
    extensions(("x-problems" = json!(["not_found"]))),
)]
pub(crate) async fn show_file(Path(name): Path<String>) -> Result<Response, ApiError> {
    match name.as_str() {
        "page.js" => Ok(respond_static(
            "text/javascript; charset=utf-8",
            include_str!("page.js"),
        )),
        "style.css" => Ok(respond_static(
            "text/css; charset=utf-8",
            include_str!("style.css"),
        )),
        _ => Err(ApiError::NotFound),
    }
}

/// What a problem means, and what to do: as a page for browsers, else as JSON.
#[utoipa::path(
    get,
    path = "/problems/{code}",
    operation_id = "problem",
    tag = "documents",
    security(()),
    params(("code" = Code, Path, description = "The code of a problem document.")),
    responses((status = 200, content((Meaning = "application/json"), (String = "text/html")))),
    extensions(("x-problems" = json!(["not_found"]))),
)]
pub(crate) async fn show_problem(
    State(state): State<AppState>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let code = Code::ALL.iter().find(|code| code.as_str() == name);
    let code = *code.ok_or(ApiError::NotFound)?;
    let mut response = if prefers_html(&headers) {
        respond_static(HTML, ProblemPage::new(&state.settings).of_code(code))
    } else {
        Json(Meaning {
            code,
            status: code.status(),
            title: code.title(),
            meaning: code.meaning(),
            remedy: code.remedy(),
        })
        .into_response()
    };
    let varies = HeaderValue::from_static("accept");
    response.headers_mut().insert(header::VARY, varies);
    Ok(response)
}

/// Makes the 200 of a page or document, with the headers of [`guard`].
pub(crate) fn respond_static(content_type: &'static str, text: impl IntoResponse) -> Response {
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (guard(), headers, text).into_response()
}

/// Returns the headers that keep browsers from doing more with a page than showing it.
pub(crate) fn guard() -> [(HeaderName, HeaderValue); 4] {
    [
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            HeaderValue::from_static("same-origin"),
        ),
    ]
}
