//! `GET /v1/videos/{id}`.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode, header};

use super::etag::{etag, matches_etag, respond_with_etag};
use super::managed::managed_video;
use super::view::VideoView;
use crate::http::extract::{Id, NoQuery};
use crate::http::middleware::Viewer;
use crate::http::problem::ApiError;
use crate::state::AppState;

/// One video.
#[utoipa::path(
    get,
    path = "/v1/videos/{id}",
    operation_id = "show",
    tag = "videos",
    params(
        ("id" = Uuid, Path, description = "The video."),
        ("If-None-Match" = Option<String>, Header, description = "An ETag that is known already."),
    ),
    responses(
        (status = 200, body = VideoView, headers(
            ("ETag" = String, description = "Names this version: for If-None-Match and If-Match."),
            ("Retry-After" = u32, description = "When to ask again, in seconds, while it is being prepared."),
        )),
        (status = 304, description = "The known version is the current one.", headers(
            ("ETag" = String, description = "Names this version."),
            ("Retry-After" = u32, description = "When to ask again, in seconds, while it is being prepared."),
        )),
    ),
    extensions(("x-act" = json!("see")), ("x-problems" = json!(["invalid_request", "not_found"]))),
)]
pub(crate) async fn show_video(
    State(state): State<AppState>,
    caller: Viewer,
    _: NoQuery,
    Id(id): Id,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let video = managed_video(&state, &caller, id).await?;
    let known = headers.get(header::IF_NONE_MATCH);
    let is_current = known.is_some_and(|given| matches_etag(given, &etag(&state, &video)));
    let mut response = respond_with_etag(&state, &video);
    // Why from the 200: a 304 has its headers (ETag, Cache-Control, Retry-After), but for those of the body.
    if is_current {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
        response.headers_mut().remove(header::CONTENT_TYPE);
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    Ok(response)
}
