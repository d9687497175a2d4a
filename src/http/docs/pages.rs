//! Pages for people: the rendering of the OpenAPI document, and the meaning of each problem code.
//!
//! A new file of the page is a line in [`FILES`].

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
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The way from the documents to the console page.
const CONSOLE_LINK: &str = "<a href=\"./\">Videos</a>";

/// The files of the page; `ground.css` is the console page's too.
const FILES: &[(&str, &str)] = &[
    ("answer.js", include_str!("answer.js")),
    ("calls.js", include_str!("calls.js")),
    ("contents.js", include_str!("contents.js")),
    ("dom.js", include_str!("dom.js")),
    ("ground.css", include_str!("../../assets/ground.css")),
    ("icon.svg", include_str!("../../console/icon.svg")),
    ("model.js", include_str!("model.js")),
    ("operation.js", include_str!("operation.js")),
    ("page.js", include_str!("page.js")),
    ("schema.js", include_str!("schema.js")),
    ("style.css", include_str!("style.css")),
    ("token.js", include_str!("token.js")),
    ("trial.js", include_str!("trial.js")),
];

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
    respond_static(HTML, include_str!("index.html").replace("<!-- links -->", links))
}

/// A script, a style sheet or the icon of the page.
#[utoipa::path(
    get,
    path = "/docs/{file}",
    operation_id = "file",
    tag = "documents",
    security(()),
    params(("file" = String, Path, pattern = "^[a-z]+[.](js|css|svg)$", description = "Its name.")),
    responses(
        (status = 200, content((String = "text/javascript"), (String = "text/css"), (String = "image/svg+xml"))),
    ),
    extensions(("x-problems" = json!(["not_found"]))),
)]
pub(crate) async fn show_file(Path(name): Path<String>) -> Result<Response, ApiError> {
    let file = FILES.iter().find(|(known, _)| *known == name);
    let (name, text) = file.ok_or(ApiError::NotFound)?;
    Ok(respond_static(kind_of(name), *text))
}

fn kind_of(file: &str) -> &'static str {
    match file.rsplit_once('.') {
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "svg")) => "image/svg+xml",
        _ => "text/javascript; charset=utf-8",
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
