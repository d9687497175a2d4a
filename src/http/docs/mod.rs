//! The API's documents: the OpenAPI document, a page that renders it, and what each problem means.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, header};
use serde::Serialize;
use utoipa::ToSchema;

use super::code::Code;
use super::error::ApiError;
use super::openapi;
use crate::state::AppState;

const HTML: &str = "text/html; charset=utf-8";
/// The page's own files and the document, nothing else.
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

/// This document.
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "documents",
    security(()),
    responses((status = 200, content_type = "application/json", body = Object)),
    extensions(("x-problems" = json!(["not_found"]))),
)]
pub(crate) async fn document(State(state): State<AppState>) -> Response {
    told(
        "application/json",
        openapi::document_below(state.settings.http.path_prefix()),
    )
}

/// This document, for people.
#[utoipa::path(
    get,
    path = "/docs",
    tag = "documents",
    security(()),
    responses((status = 200, content_type = "text/html", body = String)),
    extensions(("x-problems" = json!(["not_found"]))),
)]
pub(crate) async fn page() -> Response {
    told(HTML, include_str!("index.html"))
}

/// A script or a style sheet of the page.
#[utoipa::path(
    get,
    path = "/docs/{file}",
    tag = "documents",
    security(()),
    params(("file" = String, Path, pattern = "^(page[.]js|style[.]css)$", description = "Its name.")),
    responses(
        (status = 200, content((String = "text/javascript"), (String = "text/css"))),
    ),
    extensions(("x-problems" = json!(["not_found"]))),
)]
pub(crate) async fn file(Path(name): Path<String>) -> Result<Response, ApiError> {
    match name.as_str() {
        "page.js" => Ok(told("text/javascript; charset=utf-8", include_str!("page.js"))),
        "style.css" => Ok(told("text/css; charset=utf-8", include_str!("style.css"))),
        _ => Err(ApiError::NotFound),
    }
}

/// What a problem means, and what to do: as a page for browsers, else as JSON.
#[utoipa::path(
    get,
    path = "/problems/{code}",
    tag = "documents",
    security(()),
    params(("code" = Code, Path, description = "The code of a problem document.")),
    responses((status = 200, content((Meaning = "application/json"), (String = "text/html")))),
    extensions(("x-problems" = json!(["not_found"]))),
)]
pub(crate) async fn problem(Path(name): Path<String>, headers: HeaderMap) -> Result<Response, ApiError> {
    let code = Code::ALL.iter().find(|code| code.as_str() == name);
    let code = *code.ok_or(ApiError::NotFound)?;
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    if accept.is_some_and(|accept| accept.contains("text/html")) {
        return Ok(told(HTML, explained(code)));
    }
    Ok(Json(Meaning {
        code,
        status: code.status(),
        title: code.title(),
        meaning: code.meaning(),
        remedy: code.remedy(),
    })
    .into_response())
}

fn explained(code: Code) -> String {
    include_str!("problem.html")
        .replace("{{code}}", code.as_str())
        .replace("{{status}}", &code.status().to_string())
        .replace("{{title}}", code.title())
        .replace("{{meaning}}", &prose(code.meaning()))
        .replace("{{remedy}}", &prose(code.remedy()))
}

/// As HTML, what stands in backquotes as code.
fn prose(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    let parts = text.split('`').enumerate();
    parts
        .map(|(at, part)| {
            if at % 2 == 1 {
                format!("<code>{part}</code>")
            } else {
                part.to_owned()
            }
        })
        .collect()
}

fn told(content_type: &'static str, text: impl IntoResponse) -> Response {
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, "no-cache"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ];
    (headers, text).into_response()
}
