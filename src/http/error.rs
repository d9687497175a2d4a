//! Every refusal of the API, and the problem document that tells of it.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;
use uuid::Uuid;

use crate::domain::ShownStatus;
use crate::provider::{CallError, InvalidField};
use crate::state::{NotLoaded, OutOfOrder};
use crate::store::{NotStored, StoreError};

/// Why a request is refused.
#[derive(Debug)]
pub enum ApiError {
    /// Malformed JSON, an unknown or bad query parameter, a bad header.
    InvalidRequest(String),
    /// The cursor is none that we gave.
    InvalidCursor,
    /// No token, or one that is not believed. The text says what is wrong, without the token.
    Unauthenticated(&'static str),
    /// A webhook whose signature does not hold.
    InvalidSignature,
    /// The caller is known and may not do it.
    Forbidden(&'static str),
    /// It does not exist, or it is somebody else's.
    NotFound,
    /// The path exists, the method does not.
    MethodNotAllowed,
    /// No form of the answer suits the `Accept` header.
    NotAcceptable(&'static str),
    /// Playback of a video that does not play, or not yet.
    VideoNotReady(ShownStatus),
    /// A cancel that came too late.
    UploadFinished(ShownStatus),
    /// The provider has no way to call an upload off.
    CancelUnsupported,
    /// The first request with this key still runs.
    IdempotencyInProgress,
    /// `If-Match` names another version.
    PreconditionFailed,
    /// The body is larger than allowed.
    PayloadTooLarge,
    /// The body is not declared as JSON.
    UnsupportedMediaType,
    /// Fields of the body that are not acceptable, at least one.
    InvalidBody(Vec<FieldProblem>),
    /// The key was used with another body.
    IdempotencyKeyReused,
    /// Too many requests.
    RateLimited(Duration),
    /// The provider refused. `message` is its own, where the map lets it through.
    ProviderRejected {
        /// The video that is errored now.
        video_id: Option<Uuid>,
        /// At most 200 characters.
        message: Option<String>,
    },
    /// The provider failed or did not answer.
    ProviderUnavailable {
        /// The video that is errored now.
        video_id: Option<Uuid>,
        /// When to come again, where it said so.
        retry_after: Option<Duration>,
    },
    /// The provider is known to be out of order, for a reason that the caller may know.
    ProviderOutOfOrder(String),
    /// The service cannot answer now.
    Unavailable,
    /// Our own fault; the log has the chain.
    Internal(Box<dyn std::error::Error + Send + Sync>),
}

/// One field of a body that is not acceptable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldProblem {
    /// RFC 6901.
    pub pointer: String,
    /// What is wrong, and what is allowed.
    pub detail: String,
}

impl FieldProblem {
    /// A problem of a top-level member, or of the body itself where `name` is empty.
    pub fn of(name: &str, detail: impl Into<String>) -> Self {
        let pointer = if name.is_empty() {
            String::new()
        } else {
            format!("/{name}")
        };
        Self {
            pointer,
            detail: detail.into(),
        }
    }
}

impl ApiError {
    /// A refusal of one top-level member of the body.
    pub fn field(name: &str, detail: impl Into<String>) -> Self {
        Self::InvalidBody(vec![FieldProblem::of(name, detail)])
    }

    /// A failed call to the provider on behalf of `video_id`.
    pub fn of_call(error: CallError, video_id: Option<Uuid>) -> Self {
        match error {
            CallError::Refused { message, .. } => Self::ProviderRejected { video_id, message },
            CallError::Outage { retry_after, .. } => Self::ProviderUnavailable {
                video_id,
                retry_after,
            },
            CallError::Invalid(invalid) => invalid.into(),
        }
    }
}

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
                error = error.as_ref() as &dyn std::error::Error,
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

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        if let Self::Internal(error) = &self {
            tracing::error!(
                error = error.as_ref() as &dyn std::error::Error,
                "a request failed"
            );
        }
        let problem = Problem::from(self);
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        response.extensions_mut().insert(problem);
        response
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Database(_) | StoreError::Contended => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the database failed a request"
                );
                Self::Unavailable
            }
            error @ (StoreError::BadRow { .. }
            | StoreError::IdentityTaken
            | StoreError::Migrate(_)
            | StoreError::BadUrl(_)) => Self::Internal(Box::new(error)),
        }
    }
}

impl From<NotStored> for ApiError {
    fn from(_: NotStored) -> Self {
        Self::Unavailable
    }
}

impl From<InvalidField> for ApiError {
    fn from(invalid: InvalidField) -> Self {
        Self::field(invalid.field, invalid.detail)
    }
}

impl From<NotLoaded> for ApiError {
    fn from(error: NotLoaded) -> Self {
        Self::Internal(Box::new(error))
    }
}

impl From<OutOfOrder> for ApiError {
    fn from(reason: OutOfOrder) -> Self {
        Self::ProviderOutOfOrder(reason.0)
    }
}
