//! The body of `POST /v1/videos/{id}/tracks`, read by its media type.

use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http::header;

use crate::http::bounded_body::read_body;
use crate::http::problem::ApiError;
use crate::jobs::tracks::MAX_FILE_BYTES;
use crate::limits::{CallerKey, MemoryShare};
use crate::state::AppState;
use crate::subtitles::SubtitleFormat;

/// A body within the limit of its media type: [`MAX_FILE_BYTES`] for a file, `http.body_limit_bytes` for JSON.
pub(crate) struct TrackBody {
    pub(super) media: Media,
    pub(super) bytes: Bytes,
    /// The memory that the body takes, for as long as the request is worked on.
    _share: MemoryShare,
}

/// What a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Media {
    /// A file of subtitles.
    File(SubtitleFormat),
    /// A request in JSON.
    Json,
}

impl Media {
    /// Reads the header Content-Type; its parameters do not count.
    fn parse(content_type: &str) -> Option<Self> {
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        match essence.to_ascii_lowercase().as_str() {
            "text/vtt" => Some(Self::File(SubtitleFormat::WebVtt)),
            "application/x-subrip" => Some(Self::File(SubtitleFormat::SubRip)),
            "application/json" => Some(Self::Json),
            other => other.ends_with("+json").then_some(Self::Json),
        }
    }

    /// Returns the name under which requests are told apart.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::File(SubtitleFormat::WebVtt) => "text/vtt",
            Self::File(SubtitleFormat::SubRip) => "application/x-subrip",
            Self::Json => "application/json",
        }
    }
}

impl FromRequest<AppState> for TrackBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let declared = parts.headers.get(header::CONTENT_TYPE);
        let media = declared
            .and_then(|value| Media::parse(value.to_str().ok()?))
            .ok_or(ApiError::UnsupportedTrackType)?;
        let most = match media {
            Media::File(_) => MAX_FILE_BYTES,
            Media::Json => state.settings.http.body_limit_bytes,
        };
        let caller = parts.extensions.get::<CallerKey>().copied();
        let mut share = state
            .track_memory
            .open_share(caller.unwrap_or_else(CallerKey::unknown));
        Ok(Self {
            media,
            bytes: read_body(body, most, &mut share).await?,
            _share: share,
        })
    }
}
