//! The 201: of an upload that was just begun, or the one that its `Idempotency-Key` kept.

use axum::body::Bytes;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

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

/// What is read of a kept answer; the rest is passed on as it is.
#[derive(Deserialize)]
struct Kept {
    video: KeptVideo,
    upload: KeptUpload,
}

#[derive(Deserialize)]
struct KeptVideo {
    id: Uuid,
    provider: String,
}

#[derive(Deserialize)]
struct KeptUpload {
    url: String,
}

/// A 201 to be given.
pub(super) struct Answer {
    video_id: Uuid,
    url: String,
    provider: String,
    json: Bytes,
    is_kept: bool,
}

impl Answer {
    /// Of an upload that was just begun.
    pub(super) fn new(begun: Begun) -> Result<Self, ApiError> {
        Ok(Self {
            json: serde_json::to_vec(&begun).map_err(unwritable)?.into(),
            video_id: begun.video.id,
            url: begun.upload.url,
            provider: begun.video.provider,
            is_kept: false,
        })
    }

    /// Of an earlier request with the same key.
    pub(super) fn kept(json: String) -> Result<Self, ApiError> {
        let Kept { video, upload } = serde_json::from_str(&json)
            .map_err(|_| ApiError::Internal("a kept answer is not one of ours".into()))?;
        note_video(video.id);
        Ok(Self {
            video_id: video.id,
            url: upload.url,
            provider: video.provider,
            json: json.into(),
            is_kept: true,
        })
    }

    /// The provider of its video.
    pub(super) fn provider(&self) -> &str {
        &self.provider
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
