//! Every reason why nothing was begun, or why what was begun failed.

use uuid::Uuid;

use crate::domain::{IdentityConflict, ShownStatus};
use crate::provider::{CallError, InvalidField};
use crate::state::{NotLoaded, OutOfOrder};
use crate::store::{OpenLimit, OverQuota, StoreError};

/// The reason why [`begin`](super::begin) failed. Only [`BeginError::Call`] with an id, [`BeginError::Store`],
/// [`BeginError::RowGone`] and [`BeginError::Conflict`] may leave a row.
#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    /// The provider cannot take such a video.
    #[error(transparent)]
    Invalid(#[from] InvalidField),
    /// The provider's map has no `[[ingest.steps]]`.
    #[error("provider \"{0}\" fetches no videos from addresses")]
    FetchesNothing(String),
    /// The provider's map is not loaded.
    #[error(transparent)]
    NotLoaded(#[from] NotLoaded),
    /// The provider was found unusable at start.
    #[error(transparent)]
    OutOfOrder(#[from] OutOfOrder),
    /// The owner is being erased.
    #[error("the owner is being erased")]
    Erasing,
    /// As many uploads of the owner wait for their file as may.
    #[error("{} uploads of the owner wait for their file, and no more may", .0.most)]
    TooManyOpen(OpenLimit),
    /// As many uploads were begun with the caller's token as it allows.
    #[error("the token allows no more uploads")]
    TokenUsedUp,
    /// What the owner keeps reaches a quota.
    #[error("the quota of {} is used up: {} of {}", .0.name, .0.used, .0.limit)]
    OverQuota(OverQuota),
    /// Another replacement of the video is under way.
    #[error("another replacement of the video is under way")]
    ReplacementInProgress,
    /// A video in this status is not replaced.
    #[error("the video is {0}, and is not replaced so")]
    NotReplaceable(ShownStatus),
    /// The video that is to be replaced is gone, or is to be deleted.
    #[error("the video that is to be replaced is gone")]
    NothingToReplace,
    /// The provider refused or failed, or its rate is used up.
    #[error("{error}")]
    Call {
        /// The video whose row is `errored` now, or whose replacement failed; `None` where no row was written.
        video_id: Option<Uuid>,
        /// The call's error.
        error: CallError,
    },
    /// The database fails. A row that was written stays as it is.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The row of the new video is gone.
    #[error("the row of a new video is gone")]
    RowGone,
    /// The provider's answer names another upload or asset than the row has.
    #[error(transparent)]
    Conflict(#[from] IdentityConflict),
}
