//! Pages for people: the rendering of the OpenAPI document, and the meaning of each problem code.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde::Serialize;
use utoipa::ToSchema;

use super::files::FILES;
use super::problem_page::ProblemPage;
use crate::http::accept::prefers_html;
use crate::http::problem::{ApiError, Code};
use crate::state::AppState;

/// The media type of a page.
pub(crate) const HTML: &str = "text/html; charset=utf-8";
/// The content security policy of the pages: their own files and the document, nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The way from the documents to the console page.
const CONSOLE_LINK: &str = "<a href=\"./\">Videos</a>";

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
pub(crate) async fn show_docs(State(state): State<AppState>) -> Response {
    let links = if state.settings.http.console {
        CONSOLE_LINK
    } else {
        ""
    };
    let page = include_str!("index.html")
        .replace("{{digest}}", FILES.digest())
        .replace("{{links}}", links);
    respond_static(HTML, page)
}

/// A script, a style sheet or the icon of the page. The digest in the address is of all of them.
#[utoipa::path(
    get,
    path = "/docs/{digest}/{file}",
    operation_id = "file",
    tag = "documents",
    security(()),
    params(
        ("digest" = String, Path, pattern = "^[0-9a-f]{16}$", description = "Of the page's files."),
        ("file" = String, Path, pattern = "^[a-z]+[.](js|css|svg)$", description = "Its name."),
    ),
    responses(
        (
            status = 200,
            content((String = "text/javascript"), (String = "text/css"), (String = "image/svg+xml")),
            headers(("ETag" = String, description = "Of the content."))
        ),
        (status = 304, description = "Not changed.", headers(("ETag" = String, description = "Of the content."))),
    ),
    extensions(("x-problems" = json!(["not_found"]))),
)]
pub(crate) async fn show_file(
    Path((digest, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let file = FILES.respond(&format!("{digest}/{name}"), &headers).await;
    Ok((guard(), file.ok_or(ApiError::NotFound)?).into_response())
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
fn respond_static(content_type: &'static str, text: impl IntoResponse) -> Response {
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
