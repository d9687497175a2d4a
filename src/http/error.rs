//! Every refusal of the API, and the problem document that tells of it.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::code::Code;
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldProblem {
    /// RFC 6901.
    #[schema(example = "/title")]
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

/// A refusal in the form that callers see (RFC 9457).
// The layer in `super::problems` writes it with the request's id.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// Where the code is explained.
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
    #[serde(skip)]
    pub(crate) retry_after: Option<Duration>,
}

impl Problem {
    /// A problem that its code says all about.
    pub(super) fn of(code: Code) -> Self {
        Self::new(code, code.meaning())
    }

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
            retry_after: None,
        }
    }

    fn after(self, wait: Duration) -> Self {
        Self {
            retry_after: Some(wait),
            ..self
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
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::InvalidRequest(detail) => Self::new(Code::InvalidRequest, detail),
            ApiError::InvalidCursor => Self::of(Code::InvalidCursor),
            ApiError::Unauthenticated(detail) => Self::new(Code::Unauthenticated, detail),
            ApiError::InvalidSignature => Self::of(Code::InvalidSignature),
            ApiError::Forbidden(detail) => Self::new(Code::Forbidden, detail),
            ApiError::NotFound => Self::of(Code::NotFound),
            ApiError::MethodNotAllowed => Self::of(Code::MethodNotAllowed),
            ApiError::NotAcceptable(detail) => Self::new(Code::NotAcceptable, detail),
            ApiError::VideoNotReady(status) => Self {
                video_status: Some(status),
                ..Self::new(Code::VideoNotReady, format!("The video is {status}."))
            },
            ApiError::UploadFinished(status) => Self {
                video_status: Some(status),
                ..Self::new(
                    Code::UploadFinished,
                    format!("The video is {status}: delete it instead."),
                )
            },
            ApiError::CancelUnsupported => Self::of(Code::CancelUnsupported),
            ApiError::IdempotencyInProgress => {
                Self::of(Code::IdempotencyInProgress).after(Duration::from_secs(1))
            }
            ApiError::PreconditionFailed => Self::of(Code::PreconditionFailed),
            ApiError::PayloadTooLarge => Self::of(Code::PayloadTooLarge),
            ApiError::UnsupportedMediaType => Self::of(Code::UnsupportedMediaType),
            ApiError::InvalidBody(errors) => {
                let first = errors.first().map(|first| first.detail.clone());
                Self {
                    errors,
                    ..Self::new(Code::InvalidBody, first.unwrap_or_default())
                }
            }
            ApiError::IdempotencyKeyReused => Self::of(Code::IdempotencyKeyReused),
            ApiError::RateLimited(wait) => Self::of(Code::RateLimited).after(wait),
            ApiError::ProviderRejected { video_id, message } => Self {
                video_id,
                ..message.map_or_else(
                    || Self::of(Code::ProviderRejected),
                    |message| Self::new(Code::ProviderRejected, message),
                )
            },
            ApiError::ProviderUnavailable {
                video_id,
                retry_after,
            } => Self {
                video_id,
                retry_after,
                ..Self::of(Code::ProviderUnavailable)
            },
            ApiError::ProviderOutOfOrder(reason) => Self {
                status: StatusCode::SERVICE_UNAVAILABLE.as_u16(),
                ..Self::new(Code::ProviderUnavailable, reason)
            },
            ApiError::Unavailable => Self::of(Code::Unavailable).after(Duration::from_secs(1)),
            ApiError::Internal(_) => Self::of(Code::Internal),
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
