//! [`Problem`]: the problem document (RFC 9457) of each refusal.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::code::Code;
use super::error::{ApiError, FieldProblem};
use crate::chain::Chain;
use crate::domain::ShownStatus;
use crate::http::rate_limit_headers::write_rate_limit;
use crate::store::OverQuota;

/// What a new track may be sent as.
const TRACK_TYPES: &str = "Send text/vtt, application/x-subrip or application/json.";

/// A refusal in the form that callers see (RFC 9457).
// Not a doc comment, which would become a part of the schema: `middleware::observe` writes the document with its id.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// Where the code is explained, relative to the service's own address.
    #[serde(rename = "type")]
    #[schema(format = "uri-reference", example = "/problems/not_found")]
    pub(crate) kind: String,
    /// The same for every problem of this code.
    pub(crate) title: &'static str,
    /// The status of the answer.
    #[schema(minimum = 400, maximum = 599)]
    pub(crate) status: u16,
    /// What is wrong this time, for people.
    pub(crate) detail: String,
    /// For programs.
    pub(crate) code: Code,
    /// Finds the request in the log; as in `x-request-id`.
    pub(crate) request_id: String,
    /// The members of the body that are not acceptable.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) errors: Vec<FieldProblem>,
    /// The video that the problem is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) video_id: Option<Uuid>,
    /// What the video is instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) video_status: Option<ShownStatus>,
    /// How much of the quota is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) used: Option<u64>,
    /// The quota.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) limit: Option<u64>,
    /// Becomes the header `Retry-After`, in whole seconds rounded up.
    #[serde(skip)]
    pub(crate) retry_after: Option<Duration>,
}

impl Problem {
    /// Makes a document whose `detail` is the code's own meaning.
    pub(crate) fn from_code(code: Code) -> Self {
        Self::new(code, code.meaning())
    }

    /// Makes a document with the code's own status and title. The request id is empty until it is written.
    fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("/problems/{}", code.as_str()),
            title: code.title(),
            status: code.status(),
            detail: detail.into(),
            code,
            request_id: String::new(),
            errors: Vec::new(),
            video_id: None,
            video_status: None,
            used: None,
            limit: None,
            retry_after: None,
        }
    }

    /// Makes a document whose `detail` is the provider's own message, where there is one.
    fn from_provider(code: Code, message: Option<String>) -> Self {
        message.map_or_else(|| Self::from_code(code), |message| Self::new(code, message))
    }

    fn too_many_open(open: u32) -> Self {
        let detail =
            format!("{open} of your uploads wait for their file, and no more may: send it, or cancel some.");
        Self::new(Code::TooManyOpenUploads, detail).with_retry_after(Duration::from_mins(1))
    }

    fn upload_finished(status: ShownStatus, detail: impl Into<String>) -> Self {
        Self {
            video_status: Some(status),
            ..Self::new(Code::UploadFinished, detail)
        }
    }

    fn quota_exceeded(over: &OverQuota) -> Self {
        let OverQuota { name, used, limit } = over;
        let detail = format!("The quota of {name} is used up: {used} of {limit}.");
        Self {
            used: Some(*used),
            limit: Some(*limit),
            ..Self::new(Code::QuotaExceeded, detail)
        }
    }

    fn with_video(self, video_id: Option<Uuid>) -> Self {
        Self { video_id, ..self }
    }

    fn with_retry_after(self, wait: Duration) -> Self {
        Self {
            retry_after: Some(wait),
            ..self
        }
    }

    /// Puts `prefix` in front of `type`: the path below which callers reach the service, empty or `/like/this`.
    pub(crate) fn prefix_type(&mut self, prefix: &str) {
        self.kind.insert_str(0, prefix);
    }

    /// Makes the document of one failed part of a response that is itself a 200. Logs an internal error, as
    /// [`ApiError`]'s `IntoResponse` does for a whole response.
    pub(crate) fn for_part(error: ApiError, prefix: &str, request_id: &str) -> Self {
        if let ApiError::Internal(error) = &error {
            tracing::error!(
                error = %Chain(error.as_ref()),
                "a part of a request failed"
            );
        }
        let mut problem = Self {
            request_id: request_id.to_owned(),
            ..Self::from(error)
        };
        problem.prefix_type(prefix);
        problem
    }
}

impl IntoResponse for ApiError {
    /// Makes a response with the status, the `RateLimit` headers of a used-up quota, no body, and the [`Problem`] among
    /// its extensions. Logs the chain of an internal error: this is the only place that does for a whole response.
    fn into_response(self) -> Response {
        if let Self::Internal(error) = &self {
            tracing::error!(
                error = %Chain(error.as_ref()),
                "a request failed"
            );
        }
        let quota = match &self {
            Self::OverQuota(name, quota) => Some((*name, *quota)),
            _ => None,
        };
        let problem = Problem::from(self);
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        response.extensions_mut().insert(problem);
        if let Some((name, quota)) = quota {
            write_rate_limit(name, &quota, response.headers_mut());
        }
        response
    }
}

/// Writes the `detail` of development mode's 403. `not_local` displays as the rest of a sentence about the request.
fn describe_not_local(not_local: &impl std::fmt::Display) -> String {
    format!(
        "Development mode answers browsers and tools on this machine alone. This request {not_local}. To serve others, or \
         behind a proxy, set VIDEO_AUTH__JWT_SECRET."
    )
}

impl From<ApiError> for Problem {
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::InvalidRequest(detail) => Self::new(Code::InvalidRequest, detail),
            ApiError::InvalidCursor => Self::from_code(Code::InvalidCursor),
            ApiError::Unauthenticated(detail) => Self::new(Code::Unauthenticated, detail),
            ApiError::InvalidSignature => Self::from_code(Code::InvalidSignature),
            ApiError::Forbidden(detail) => Self::new(Code::Forbidden, detail),
            ApiError::DevelopmentOnly(not_local) => {
                Self::new(Code::Forbidden, describe_not_local(&not_local))
            }
            ApiError::NotFound => Self::from_code(Code::NotFound),
            ApiError::MethodNotAllowed => Self::from_code(Code::MethodNotAllowed),
            ApiError::NotAcceptable(detail) => Self::new(Code::NotAcceptable, detail),
            ApiError::VideoNotReady(status) => Self {
                video_status: Some(status),
                ..Self::new(Code::VideoNotReady, format!("The video is {status}."))
            },
            ApiError::UploadFinished(status) => {
                Self::upload_finished(status, format!("The video is {status}: delete it instead."))
            }
            ApiError::ReplacementFinished(status) => {
                Self::upload_finished(status, "The new file has taken the video's place already.")
            }
            ApiError::ReplacementInProgress => Self::from_code(Code::ReplacementInProgress),
            ApiError::CancelUnsupported => Self::from_code(Code::CancelUnsupported),
            ApiError::IdempotencyInProgress => {
                Self::from_code(Code::IdempotencyInProgress).with_retry_after(Duration::from_secs(1))
            }
            ApiError::VideoTaken { video_id, why } => Self {
                video_id: Some(video_id),
                ..Self::new(Code::VideoTaken, why)
            },
            ApiError::TrackExists(track) => Self::new(
                Code::TrackExists,
                format!("The video has a track of this kind, language and name: {track}."),
            ),
            ApiError::TooManyTracks => Self::from_code(Code::TooManyTracks),
            ApiError::NotSupported(detail) => Self::new(Code::NotSupported, detail),
            ApiError::PreconditionFailed => Self::from_code(Code::PreconditionFailed),
            ApiError::PayloadTooLarge => Self::from_code(Code::PayloadTooLarge),
            ApiError::UnsupportedMediaType => Self::from_code(Code::UnsupportedMediaType),
            ApiError::UnsupportedTrackType => Self::new(Code::UnsupportedMediaType, TRACK_TYPES),
            ApiError::InvalidBody(errors) => {
                let first = errors.first().map(|first| first.detail.clone());
                Self {
                    errors,
                    ..Self::new(Code::InvalidBody, first.unwrap_or_default())
                }
            }
            ApiError::IdempotencyKeyReused => Self::from_code(Code::IdempotencyKeyReused),
            ApiError::TooManyOpen(open) => Self::too_many_open(open),
            ApiError::QuotaExceeded(over) => Self::quota_exceeded(&over),
            ApiError::OverQuota(_, quota) => {
                Self::from_code(Code::RateLimited).with_retry_after(quota.retry_after.unwrap_or_default())
            }
            ApiError::TooLong(status, detail) => Self {
                status: status.as_u16(),
                ..Self::new(Code::InvalidRequest, detail)
            },
            ApiError::RateLimited(wait) => Self::from_code(Code::RateLimited).with_retry_after(wait),
            ApiError::ProviderRejected { video_id, message } => {
                Self::from_provider(Code::ProviderRejected, message).with_video(video_id)
            }
            ApiError::ProviderUnavailable {
                video_id,
                retry_after,
            } => Self {
                retry_after,
                ..Self::from_code(Code::ProviderUnavailable).with_video(video_id)
            },
            ApiError::ProviderBusy {
                video_id,
                retry_after,
            } => Self::from_code(Code::ProviderBusy)
                .with_video(video_id)
                .with_retry_after(retry_after),
            ApiError::NoRoom {
                video_id,
                retry_after,
                message,
            } => Self {
                retry_after,
                ..Self::from_provider(Code::NoRoom, message).with_video(video_id)
            },
            ApiError::FileTooLarge { video_id, message } => {
                let message =
                    message.unwrap_or_else(|| "The file is larger than the video provider takes.".to_owned());
                Self::new(Code::PayloadTooLarge, message).with_video(video_id)
            }
            ApiError::ProviderOutOfOrder(reason) => Self {
                status: StatusCode::SERVICE_UNAVAILABLE.as_u16(),
                ..Self::new(Code::ProviderUnavailable, reason)
            },
            ApiError::Unavailable => {
                Self::from_code(Code::Unavailable).with_retry_after(Duration::from_secs(1))
            }
            ApiError::Internal(_) => Self::from_code(Code::Internal),
        }
    }
}
