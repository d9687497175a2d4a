//! The problem document (RFC 9457) of each refusal.

use std::time::Duration;

use http::StatusCode;
use serde::Serialize;
use uuid::Uuid;

use super::error::{ApiError, FieldProblem};
use crate::chain::Chain;
use crate::domain::ShownStatus;

/// A refusal in the form that callers see; the layer in [`super::problems`] writes it with the request's id.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Problem {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) title: &'static str,
    pub(crate) status: u16,
    pub(crate) detail: String,
    pub(crate) code: &'static str,
    pub(crate) request_id: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) errors: Vec<FieldProblem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) video_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) video_status: Option<ShownStatus>,
    #[serde(skip)]
    pub(crate) retry_after: Option<Duration>,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("/problems/{code}"),
            title,
            status: status.as_u16(),
            detail: detail.into(),
            code,
            request_id: String::new(),
            errors: Vec::new(),
            video_id: None,
            video_status: None,
            retry_after: None,
        }
    }
}

impl Problem {
    /// A refusal of one part of an answer that is itself a 200.
    pub(crate) fn within(error: ApiError, request_id: &str) -> Self {
        if let ApiError::Internal(error) = &error {
            tracing::error!(
                error = %Chain(error.as_ref()),
                "a part of a request failed"
            );
        }
        Self {
            request_id: request_id.to_owned(),
            ..Self::from(error)
        }
    }
}

impl From<ApiError> for Problem {
    #[expect(
        clippy::too_many_lines,
        reason = "one arm a refusal: the table of the contract"
    )]
    fn from(error: ApiError) -> Self {
        use StatusCode as S;
        match error {
            ApiError::InvalidRequest(detail) => Self::new(
                S::BAD_REQUEST,
                "invalid_request",
                "The request is not valid",
                detail,
            ),
            ApiError::InvalidCursor => {
                let detail = "Take the cursor from next_cursor of the page before.";
                Self::new(
                    S::BAD_REQUEST,
                    "invalid_cursor",
                    "The cursor is not valid",
                    detail,
                )
            }
            ApiError::Unauthenticated(detail) => Self::new(
                S::UNAUTHORIZED,
                "unauthenticated",
                "A valid token is needed",
                detail,
            ),
            ApiError::InvalidSignature => {
                let detail = "The signature is wrong, missing, or too old.";
                Self::new(
                    S::UNAUTHORIZED,
                    "invalid_signature",
                    "The signature does not hold",
                    detail,
                )
            }
            ApiError::Forbidden(detail) => Self::new(S::FORBIDDEN, "forbidden", "Not allowed", detail),
            ApiError::NotFound => Self::new(
                S::NOT_FOUND,
                "not_found",
                "Not found",
                "There is nothing here for you.",
            ),
            ApiError::MethodNotAllowed => {
                let detail = "This address does not take this method.";
                Self::new(
                    S::METHOD_NOT_ALLOWED,
                    "method_not_allowed",
                    "Method not allowed",
                    detail,
                )
            }
            ApiError::NotAcceptable(detail) => Self::new(
                S::NOT_ACCEPTABLE,
                "not_acceptable",
                "No suitable form of the answer",
                detail,
            ),
            ApiError::VideoNotReady(status) => Self {
                video_status: Some(status),
                ..Self::new(
                    S::CONFLICT,
                    "video_not_ready",
                    "The video does not play",
                    format!("The video is {status}."),
                )
            },
            ApiError::UploadFinished(status) => Self {
                video_status: Some(status),
                ..Self::new(
                    S::CONFLICT,
                    "upload_finished",
                    "Too late to cancel",
                    format!("The video is {status}: delete it instead."),
                )
            },
            ApiError::CancelUnsupported => {
                let detail = "This provider cannot call an upload off; it ends by itself.";
                Self::new(
                    S::CONFLICT,
                    "cancel_unsupported",
                    "The upload cannot be cancelled",
                    detail,
                )
            }
            ApiError::IdempotencyInProgress => Self {
                retry_after: Some(Duration::from_secs(1)),
                ..Self::new(
                    S::CONFLICT,
                    "idempotency_in_progress",
                    "The first request still runs",
                    "A request with this Idempotency-Key is being answered.",
                )
            },
            ApiError::VideoTaken { video_id, why } => Self {
                video_id: Some(video_id),
                ..Self::new(S::CONFLICT, "video_taken", "The video is known already", why)
            },
            ApiError::PreconditionFailed => {
                let detail = "The video has changed since: read it again.";
                Self::new(
                    S::PRECONDITION_FAILED,
                    "precondition_failed",
                    "The video has changed",
                    detail,
                )
            }
            ApiError::PayloadTooLarge => {
                let detail = "The body is larger than this address takes.";
                Self::new(
                    S::PAYLOAD_TOO_LARGE,
                    "payload_too_large",
                    "The body is too large",
                    detail,
                )
            }
            ApiError::UnsupportedMediaType => {
                let detail = "Send JSON, with Content-Type: application/json.";
                Self::new(
                    S::UNSUPPORTED_MEDIA_TYPE,
                    "unsupported_media_type",
                    "The body must be JSON",
                    detail,
                )
            }
            ApiError::InvalidBody(errors) => Self {
                detail: errors
                    .first()
                    .map(|first| first.detail.clone())
                    .unwrap_or_default(),
                errors,
                ..Self::new(
                    S::UNPROCESSABLE_ENTITY,
                    "invalid_body",
                    "The body is not acceptable",
                    "",
                )
            },
            ApiError::IdempotencyKeyReused => Self::new(
                S::UNPROCESSABLE_ENTITY,
                "idempotency_key_reused",
                "The key belongs to another request",
                "This Idempotency-Key was used with another body.",
            ),
            ApiError::TooManyOpen(open) => Self {
                retry_after: Some(Duration::from_mins(1)),
                ..Self::new(
                    S::TOO_MANY_REQUESTS,
                    "rate_limited",
                    "Too many uploads wait for a file",
                    format!("{open} of your uploads wait for their file: send it, or cancel them."),
                )
            },
            ApiError::RateLimited(retry_after) => Self {
                retry_after: Some(retry_after),
                ..Self::new(
                    S::TOO_MANY_REQUESTS,
                    "rate_limited",
                    "Too many requests",
                    "Come again later.",
                )
            },
            ApiError::ProviderRejected { video_id, message } => Self {
                video_id,
                ..Self::new(
                    S::BAD_GATEWAY,
                    "provider_rejected",
                    "The video provider refused",
                    message.unwrap_or_else(|| "The video provider refused the request.".to_owned()),
                )
            },
            ApiError::ProviderUnavailable {
                video_id,
                retry_after,
            } => Self {
                video_id,
                retry_after,
                ..Self::new(
                    S::BAD_GATEWAY,
                    "provider_unavailable",
                    "The video provider does not answer",
                    "The video provider failed or did not answer in time.",
                )
            },
            ApiError::ProviderOutOfOrder(reason) => Self::new(
                S::SERVICE_UNAVAILABLE,
                "provider_unavailable",
                "The video provider is out of order",
                reason,
            ),
            ApiError::Unavailable => Self {
                retry_after: Some(Duration::from_secs(1)),
                ..Self::new(
                    S::SERVICE_UNAVAILABLE,
                    "unavailable",
                    "Not available now",
                    "The service cannot answer now. Come again.",
                )
            },
            ApiError::Internal(_) => Self::new(
                S::INTERNAL_SERVER_ERROR,
                "internal",
                "Something went wrong",
                "The fault is ours; the request id finds it in the log.",
            ),
        }
    }
}
