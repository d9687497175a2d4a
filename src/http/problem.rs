//! The problem document (RFC 9457) of each refusal.

use std::time::Duration;

use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::code::Code;
use super::error::{ApiError, FieldProblem};
use crate::chain::Chain;
use crate::domain::ShownStatus;

/// A refusal in the form that callers see (RFC 9457).
// The layer in `super::problems` writes it with the request's id.
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

    /// With the provider's own words, where there are any.
    fn with(code: Code, message: Option<String>) -> Self {
        message.map_or_else(|| Self::of(code), |message| Self::new(code, message))
    }

    fn about(self, video_id: Option<Uuid>) -> Self {
        Self { video_id, ..self }
    }

    fn after(self, wait: Duration) -> Self {
        Self {
            retry_after: Some(wait),
            ..self
        }
    }
}

impl Problem {
    /// Puts the path under which callers reach the service in front of its address.
    pub(super) fn put_below(&mut self, prefix: &str) {
        self.kind.insert_str(0, prefix);
    }

    /// A refusal of one part of an answer that is itself a 200.
    pub(crate) fn within(error: ApiError, prefix: &str, request_id: &str) -> Self {
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
        problem.put_below(prefix);
        problem
    }
}

/// Why development mode does not answer a request that is `not_local`.
fn development_only(not_local: &impl std::fmt::Display) -> String {
    format!(
        "Development mode answers browsers and tools on this machine alone. This request {not_local}. To serve others, or \
         behind a proxy, set VIDEO_AUTH__JWT_SECRET."
    )
}

impl From<ApiError> for Problem {
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::InvalidRequest(detail) => Self::new(Code::InvalidRequest, detail),
            ApiError::InvalidCursor => Self::of(Code::InvalidCursor),
            ApiError::Unauthenticated(detail) => Self::new(Code::Unauthenticated, detail),
            ApiError::InvalidSignature => Self::of(Code::InvalidSignature),
            ApiError::Forbidden(detail) => Self::new(Code::Forbidden, detail),
            ApiError::DevelopmentOnly(not_local) => Self::new(Code::Forbidden, development_only(&not_local)),
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
            ApiError::VideoTaken { video_id, why } => Self {
                video_id: Some(video_id),
                ..Self::new(Code::VideoTaken, why)
            },
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
            ApiError::TooManyOpen(open) => {
                let detail = format!(
                    "{open} of your uploads wait for their file, and no more may: send it, or cancel some."
                );
                Self::new(Code::TooManyOpenUploads, detail).after(Duration::from_mins(1))
            }
            ApiError::OverQuota(_, quota) => {
                Self::of(Code::RateLimited).after(quota.refused.unwrap_or_default())
            }
            ApiError::TooLong(status, detail) => Self {
                status: status.as_u16(),
                ..Self::new(Code::InvalidRequest, detail)
            },
            ApiError::RateLimited(wait) => Self::of(Code::RateLimited).after(wait),
            ApiError::ProviderRejected { video_id, message } => {
                Self::with(Code::ProviderRejected, message).about(video_id)
            }
            ApiError::ProviderUnavailable {
                video_id,
                retry_after,
            } => Self {
                retry_after,
                ..Self::of(Code::ProviderUnavailable).about(video_id)
            },
            ApiError::ProviderBusy {
                video_id,
                retry_after,
            } => Self::of(Code::ProviderBusy).about(video_id).after(retry_after),
            ApiError::NoRoom {
                video_id,
                retry_after,
                message,
            } => Self {
                retry_after,
                ..Self::with(Code::NoRoom, message).about(video_id)
            },
            ApiError::FileTooLarge { video_id, message } => {
                let message =
                    message.unwrap_or_else(|| "The file is larger than the video provider takes.".to_owned());
                Self::new(Code::PayloadTooLarge, message).about(video_id)
            }
            ApiError::ProviderOutOfOrder(reason) => Self {
                status: StatusCode::SERVICE_UNAVAILABLE.as_u16(),
                ..Self::new(Code::ProviderUnavailable, reason)
            },
            ApiError::Unavailable => Self::of(Code::Unavailable).after(Duration::from_secs(1)),
            ApiError::Internal(_) => Self::of(Code::Internal),
        }
    }
}
