//! The 201: of an upload that was just begun, or the one that its `Idempotency-Key` kept.

use axum::body::Bytes;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::http::error::ApiError;
use crate::http::view::{VideoView, location};
use crate::provider::UploadDescriptor;
use crate::state::AppState;
use crate::telemetry::note_video;

/// The answer: kept by its `Idempotency-Key`, and given again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NewUpload)]
pub(crate) struct Begun {
    pub(super) video: VideoView,
    pub(super) upload: UploadDescriptor,
}

impl Begun {
    /// What is kept by the request's key.
    pub(super) fn to_value(&self) -> Result<Value, ApiError> {
        serde_json::to_value(self).map_err(unwritable)
    }
}

/// A 201 to be given.
pub(super) struct Answer {
    video_id: String,
    url: String,
    json: Bytes,
    is_kept: bool,
}

impl Answer {
    /// Of an upload that was just begun.
    pub(super) fn new(begun: Begun) -> Result<Self, ApiError> {
        Ok(Self {
            json: serde_json::to_vec(&begun).map_err(unwritable)?.into(),
            video_id: begun.video.id.to_string(),
            url: begun.upload.url,
            is_kept: false,
        })
    }

    /// Of an earlier request with the same key.
    pub(super) fn kept(answer: &Value) -> Result<Self, ApiError> {
        let text = |pointer: &str| answer.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let (Some(video_id), Some(url)) = (text("/video/id"), text("/upload/url")) else {
            return Err(ApiError::Internal("a kept answer is not one of ours".into()));
        };
        let _ours = video_id.parse().map(note_video);
        Ok(Self {
            video_id,
            url,
            json: answer.to_string().into(),
            is_kept: true,
        })
    }

    /// As JSON, or as the bare URL.
    pub(super) fn respond(self, state: &AppState, as_text: bool) -> Response {
        let body = if as_text {
            self.url.into_response()
        } else {
            ([(header::CONTENT_TYPE, "application/json")], self.json).into_response()
        };
        let mut response = (StatusCode::CREATED, body).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CACHE_CONTROL,
            HeaderValue::from_static("private, no-store"),
        );
        if let Ok(value) = HeaderValue::from_str(&location(state, self.video_id)) {
            headers.insert(header::LOCATION, value);
        }
        if self.is_kept {
            headers.insert(
                HeaderName::from_static("idempotency-replayed"),
                HeaderValue::from_static("true"),
            );
        }
        response
    }
}

fn unwritable(error: serde_json::Error) -> ApiError {
    ApiError::Internal(Box::new(error))
}
