//! The 201: of an upload that was just begun, or the one that is stored under its `Idempotency-Key`.

use axum::body::Bytes;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::paths::video_location;
use crate::http::problem::ApiError;
use crate::http::videos::VideoView;
use crate::provider::UploadDescriptor;
use crate::state::AppState;
use crate::telemetry::note_video;

/// The answer. It is stored under its `Idempotency-Key`, if there is one, and sent again for the same request.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NewUpload {
    pub(super) video: VideoView,
    /// How to send the file; not there where the provider fetches it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required, nullable = false)]
    pub(super) upload: Option<UploadDescriptor>,
}

/// The answer where the provider fetches the file: a [`NewUpload`] without `upload`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NewIngest {
    video: VideoView,
}

impl NewUpload {
    /// Returns the JSON that is stored under the request's key.
    pub(super) fn to_value(&self) -> Result<Value, ApiError> {
        serde_json::to_value(self).map_err(internal)
    }
}

/// The members of a stored answer that are read; the rest is passed on as it is, whatever version wrote it.
#[derive(Deserialize)]
struct StoredAnswer {
    video: StoredVideo,
    upload: Option<StoredUpload>,
}

#[derive(Deserialize)]
struct StoredVideo {
    id: Uuid,
    provider: String,
    /// Answers of earlier releases have none.
    #[serde(default)]
    replacement: Option<StoredReplacement>,
}

#[derive(Deserialize)]
struct StoredReplacement {
    provider: String,
}

#[derive(Deserialize)]
struct StoredUpload {
    url: String,
}

/// A 201, before it is known whether it becomes JSON or text.
pub(super) struct Answer {
    video_id: Uuid,
    /// Where the file goes; empty where the provider fetches it.
    url: String,
    provider: String,
    json: Bytes,
    /// Sets `Idempotency-Replayed`.
    is_stored: bool,
}

impl Answer {
    /// Makes the answer of an upload that was just begun.
    pub(super) fn from_new(upload: NewUpload) -> Result<Self, ApiError> {
        Ok(Self {
            json: serde_json::to_vec(&upload).map_err(internal)?.into(),
            video_id: upload.video.id,
            url: upload.upload.map(|upload| upload.url).unwrap_or_default(),
            provider: upload.video.upload_provider().to_owned(),
            is_stored: false,
        })
    }

    /// Makes the answer of an earlier request with the same key, from its stored JSON.
    pub(super) fn from_stored(json: String) -> Result<Self, ApiError> {
        let StoredAnswer { video, upload } = serde_json::from_str(&json)
            .map_err(|_| ApiError::Internal("a kept answer is not one of ours".into()))?;
        note_video(video.id);
        Ok(Self {
            video_id: video.id,
            url: upload.map(|upload| upload.url).unwrap_or_default(),
            provider: video.replacement.map_or(video.provider, |new| new.provider),
            json: json.into(),
            is_stored: true,
        })
    }

    /// Returns the provider that takes the file.
    pub(super) fn provider(&self) -> &str {
        &self.provider
    }

    /// Makes the response: the JSON, or as text the bare URL.
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
        if let Ok(value) = HeaderValue::from_str(&video_location(state, self.video_id)) {
            headers.insert(header::LOCATION, value);
        }
        if self.is_stored {
            headers.insert(
                HeaderName::from_static("idempotency-replayed"),
                HeaderValue::from_static("true"),
            );
        }
        response
    }
}

fn internal(error: serde_json::Error) -> ApiError {
    ApiError::Internal(Box::new(error))
}
