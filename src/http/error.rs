//! Every refusal of the API, and the problem document that tells of it.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::problem::Problem;
use super::quota;
use crate::auth::NotLocal;
use crate::chain::Chain;
use crate::domain::ShownStatus;
use crate::limits::Quota;
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
    /// Development mode, and a request that does not look as one of this machine.
    DevelopmentOnly(NotLocal),
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
    /// What is to be adopted has a row already that stands in the way.
    VideoTaken {
        /// The row.
        video_id: Uuid,
        /// Why it does, in a sentence.
        why: &'static str,
    },
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
    /// The quota of this name is used up.
    OverQuota(&'static str, Quota),
    /// Path and query, or all headers, are longer than we take; the text says which.
    TooLong(StatusCode, &'static str),
    /// So many uploads of the caller wait for their file, which is as many as may.
    TooManyOpen(u32),
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
    /// Our share of the provider's rate is used up: it was not asked.
    ProviderBusy {
        /// The video that is errored now, where a call was made before.
        video_id: Option<Uuid>,
        /// When there may be a turn.
        retry_after: Duration,
    },
    /// The provider has no room for the file. `message` is its own, where the map lets it through.
    NoRoom {
        /// The video that is errored now.
        video_id: Option<Uuid>,
        /// When to come again, where it said so.
        retry_after: Option<Duration>,
        /// At most 200 characters.
        message: Option<String>,
    },
    /// The file is larger than the provider takes. `message` is its own, where the map lets it through.
    FileTooLarge {
        /// The video that is errored now.
        video_id: Option<Uuid>,
        /// At most 200 characters.
        message: Option<String>,
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
            // Our credentials are no business of the caller's.
            CallError::Refused {
                status: 401 | 403, ..
            } => {
                tracing::error!("the provider refuses our credentials: check those of its action map");
                Self::ProviderUnavailable {
                    video_id,
                    retry_after: None,
                }
            }
            CallError::Refused { message, .. } => Self::ProviderRejected { video_id, message },
            CallError::Outage { retry_after, .. } => Self::ProviderUnavailable {
                video_id,
                retry_after,
            },
            CallError::Busy { retry_after } => Self::ProviderBusy {
                video_id,
                retry_after,
            },
            CallError::NoLedger { reason } => {
                tracing::error!(
                    error = reason,
                    "the database does not tell the turns of the provider's rate"
                );
                Self::Unavailable
            }
            CallError::NoRoom { retry_after, message } => Self::NoRoom {
                video_id,
                retry_after,
                message,
            },
            CallError::TooLarge { message } => Self::FileTooLarge { video_id, message },
            CallError::Invalid(invalid) => invalid.into(),
        }
    }
}

impl IntoResponse for ApiError {
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
            quota::write(name, &quota, response.headers_mut());
        }
        response
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Database(_) | StoreError::Contended | StoreError::Unreachable { .. } => {
                error.log("the database failed a request");
                Self::Unavailable
            }
            error @ (StoreError::BadRow { .. }
            | StoreError::IdentityTaken
            | StoreError::Migrate(_)
            | StoreError::BadUrl(_)
            | StoreError::BadDirectUrl(_)) => Self::Internal(Box::new(error)),
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
