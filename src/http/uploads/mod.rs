//! `POST /v1/uploads`: an upload URL for a new video.

mod begin;
mod request;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;

pub(crate) use self::request::UploadRequest;
use super::accept;
use super::error::ApiError;
use super::extract::Body;
use super::view::VideoView;
use crate::auth::Caller;
use crate::provider::UploadDescriptor;
use crate::state::AppState;

/// The answer: the new video, and how its file is sent.
#[derive(Debug, Serialize)]
struct UploadAnswer {
    video: VideoView,
    upload: UploadDescriptor,
}

/// Makes a row, asks the provider for an upload, and hands out its URL.
pub(crate) async fn create(
    State(state): State<AppState>,
    caller: Caller,
    headers: HeaderMap,
    Body(request): Body<UploadRequest>,
) -> Result<Response, ApiError> {
    if accept::accepts_nothing(&headers) {
        return Err(ApiError::NotAcceptable("Ask for application/json or text/plain."));
    }
    let choices = request.choose(&state.settings, &headers)?;
    let as_text = accept::prefers_text(&headers);
    if as_text
        && !state
            .providers
            .for_upload(&choices.provider)?
            .upload_is_a_bare_url()
    {
        return Err(ApiError::NotAcceptable(
            "This provider's uploads need more than a URL: ask for JSON.",
        ));
    }
    let (video, upload) = begin::begin(&state, caller.owner(), request, choices).await?;
    let location = format!("/v1/videos/{}", video.id);
    let body = if as_text {
        upload.url.into_response()
    } else {
        let view = VideoView::of(&state, &video);
        Json(UploadAnswer { video: view, upload }).into_response()
    };
    let mut response = (StatusCode::CREATED, body).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-store"),
    );
    if let Ok(value) = HeaderValue::from_str(&location) {
        headers.insert(header::LOCATION, value);
    }
    Ok(response)
}
