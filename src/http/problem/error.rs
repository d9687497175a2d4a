//! [`ApiError`]: every reason to refuse a request, and the errors of other rooms that become one.
//!
//! The conversions decide what a caller may learn of an inner error: a failed database is [`ApiError::Unavailable`], a
//! broken row is [`ApiError::Internal`], and neither shows its cause. The log has it.

use std::time::Duration;

use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::auth::NotLocal;
use crate::domain::ShownStatus;
use crate::jobs::begin::BeginError;
use crate::limits::Quota;
use crate::provider::{CallError, InvalidField};
use crate::state::{NotLoaded, OutOfOrder};
use crate::store::{NotStored, OverQuota, StoreError};

/// The reason to refuse a request. Each variant becomes one [`Problem`](super::Problem), by an exhaustive match.
#[derive(Debug)]
pub enum ApiError {
    /// Malformed JSON, an unknown or bad query parameter, or a bad header. The text becomes `detail`.
    InvalidRequest(String),
    /// A cursor that is not the base64 of a UUID, as [`pagination`](crate::http::pagination) writes it.
    InvalidCursor,
    /// No token, or one that is not believed. The text becomes `detail` and never holds any of the token.
    Unauthenticated(&'static str),
    /// A webhook whose signature does not hold.
    InvalidSignature,
    /// A caller that is known and may not do this. The text becomes `detail`.
    Forbidden(&'static str),
    /// In development mode, a request that does not look as if it came straight from this machine.
    DevelopmentOnly(NotLocal),
    /// Nothing of this id or path that the caller may see.
    NotFound,
    /// The path exists, the method does not.
    MethodNotAllowed,
    /// No form of the response suits the `Accept` header.
    NotAcceptable(&'static str),
    /// Playback of a video that is not `ready`; the status says what it is instead.
    VideoNotReady(ShownStatus),
    /// A cancel after the file arrived, or in another final status.
    UploadFinished(ShownStatus),
    /// A replacement that is to be given up after it took the place of the video, which has this status now.
    ReplacementFinished(ShownStatus),
    /// A replacement of a video whose replacement is under way.
    ReplacementInProgress,
    /// A cancel at a provider whose action map has no action for it.
    CancelUnsupported,
    /// Another request with the same `Idempotency-Key` is being processed.
    IdempotencyInProgress,
    /// An adoption of a video that already has a row: of another owner, or deleted.
    VideoTaken {
        /// Our id of that row.
        video_id: Uuid,
        /// The reason, in a sentence; becomes `detail`.
        why: &'static str,
    },
    /// A new track of a kind, language and name that a track of the video has: this one.
    TrackExists(Uuid),
    /// A new track of a video that has as many as it may have.
    TooManyTracks,
    /// Something that the provider's action map has no place for. The text becomes `detail`.
    NotSupported(String),
    /// `If-Match` names another version.
    PreconditionFailed,
    /// The body is larger than allowed.
    PayloadTooLarge,
    /// The body is not declared as JSON.
    UnsupportedMediaType,
    /// The body of a new track is of no media type that is taken.
    UnsupportedTrackType,
    /// Fields of the body that are not acceptable, at least one.
    InvalidBody(Vec<FieldProblem>),
    /// An `Idempotency-Key` that was used with another body.
    IdempotencyKeyReused,
    /// Too many event streams of one video. Try again after this time.
    RateLimited(Duration),
    /// The quota of this name (`uploads`, `failures`) is used up. The name appears in the `RateLimit` headers.
    OverQuota(&'static str, Quota),
    /// Path and query (414) or all headers together (431) exceed the limit; the text becomes `detail`.
    TooLong(StatusCode, &'static str),
    /// Too many uploads of the owner wait for their file; the number is the limit.
    TooManyOpen(u32),
    /// What the owner keeps reaches a quota (403).
    QuotaExceeded(OverQuota),
    /// The provider refused the call (502).
    ProviderRejected {
        /// The video of the call, where the caller is to learn its id.
        video_id: Option<Uuid>,
        /// The provider's own words, where the action map passes them on: at most 200 characters.
        message: Option<String>,
    },
    /// The provider failed or did not answer in time, or refused our credentials.
    ProviderUnavailable {
        /// The video of the call, where the caller is to learn its id.
        video_id: Option<Uuid>,
        /// The provider's `Retry-After`, where it sent one.
        retry_after: Option<Duration>,
    },
    /// Our share of the provider's rate is used up: the call was not made.
    ProviderBusy {
        /// The video of the call; `None` where no row was written yet.
        video_id: Option<Uuid>,
        /// The time until the rate allows another call.
        retry_after: Duration,
    },
    /// The provider has no room for the file (507).
    NoRoom {
        /// The video of the call, where the caller is to learn its id.
        video_id: Option<Uuid>,
        /// The provider's `Retry-After`, where it sent one.
        retry_after: Option<Duration>,
        /// The provider's own words, where the action map passes them on: at most 200 characters.
        message: Option<String>,
    },
    /// The file is larger than the provider takes (413).
    FileTooLarge {
        /// The video of the call, where the caller is to learn its id.
        video_id: Option<Uuid>,
        /// The provider's own words, where the action map passes them on: at most 200 characters.
        message: Option<String>,
    },
    /// A provider that was found unusable at start (503). The text becomes `detail`.
    ProviderOutOfOrder(String),
    /// The service cannot process the request now (503): overload, a deadline, or the database.
    Unavailable,
    /// A fault of this service (500). The caller sees a fixed sentence; the log has the error with its causes.
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
    /// Makes a problem of the top-level member `name`, or of the whole body where `name` is empty.
    pub fn new(name: &str, detail: impl Into<String>) -> Self {
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
    /// The refusal of a new video of an owner who is being erased.
    pub(crate) const ERASING: Self = Self::Forbidden("This owner is being erased.");

    /// Makes a 422 for one top-level member of the body, or for all of it where `name` is empty.
    pub fn invalid_field(name: &str, detail: impl Into<String>) -> Self {
        Self::InvalidBody(vec![FieldProblem::new(name, detail)])
    }

    /// Translates a failed call to the provider. `video_id` appears in the document, where it is given.
    pub fn from_call(error: CallError, video_id: Option<Uuid>) -> Self {
        match error {
            // Why: the caller can do nothing about our credentials, and must not learn that they fail. Operators see
            // it.
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

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            // Why a 503: the same request may succeed a moment later.
            StoreError::Database(_) | StoreError::Contended | StoreError::Unreachable { .. } => {
                error.log("the database failed a request");
                Self::Unavailable
            }
            // Why a 500: it would fail again.
            error @ (StoreError::BadRow { .. }
            | StoreError::IdentityTaken
            | StoreError::Migrate(_)
            | StoreError::BadUrl(_)
            | StoreError::BadDirectUrl(_)) => Self::Internal(Box::new(error)),
        }
    }
}

impl From<BeginError> for ApiError {
    fn from(error: BeginError) -> Self {
        match error {
            BeginError::Invalid(invalid) => invalid.into(),
            error @ BeginError::FetchesNothing(_) => Self::NotSupported(format!("{error}.")),
            BeginError::NotLoaded(error) => error.into(),
            BeginError::OutOfOrder(error) => error.into(),
            BeginError::Erasing => Self::ERASING,
            BeginError::TooManyOpen(limit) => Self::TooManyOpen(limit.most),
            BeginError::TokenUsedUp => Self::Forbidden(
                "With this token as many uploads were begun as its claim upload.count allows.",
            ),
            BeginError::OverQuota(over) => Self::QuotaExceeded(over),
            BeginError::ReplacementInProgress => Self::ReplacementInProgress,
            BeginError::NotReplaceable(status) => Self::VideoNotReady(status),
            BeginError::NothingToReplace => Self::NotFound,
            BeginError::Call { video_id, error } => Self::from_call(error, video_id),
            BeginError::Store(error) => error.into(),
            error @ (BeginError::RowGone | BeginError::Conflict(_)) => Self::Internal(Box::new(error)),
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
        Self::invalid_field(invalid.field, invalid.detail)
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
