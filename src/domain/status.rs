//! The states of a video: reported by the provider, and shown to callers.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Status that the provider reported, or this service on its behalf. The join takes the maximum in this order.
///
/// `ready` is the greatest: the media of an asset never changes, so a later report of an error changes nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The row is written; the provider has not answered yet.
    #[default]
    Created,
    /// The upload URL was handed out.
    Waiting,
    /// The file arrived.
    Preparing,
    /// No file was uploaded in time.
    Expired,
    /// The upload was called off.
    Cancelled,
    /// The provider could not make a video of the file.
    Errored,
    /// The video plays.
    Ready,
}

impl Status {
    /// Every status, lowest first.
    pub const ALL: [Self; 7] = [
        Self::Created,
        Self::Waiting,
        Self::Preparing,
        Self::Expired,
        Self::Cancelled,
        Self::Errored,
        Self::Ready,
    ];

    /// The name in JSON and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Waiting => "waiting",
            Self::Preparing => "preparing",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
            Self::Errored => "errored",
            Self::Ready => "ready",
        }
    }

    /// Returns the rank: 1 (created) to 7 (ready). A [`Stamp`](super::Stamp) has rank 0 if its report carries no
    /// status.
    pub const fn rank(self) -> u8 {
        // Why one more: 0 stands for no status.
        self as u8 + 1
    }
}

impl FromStr for Status {
    type Err = UnknownStatus;

    fn from_str(text: &str) -> Result<Self, UnknownStatus> {
        Self::ALL
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or(UnknownStatus)
    }
}

/// The error of a text that names no [`Status`].
#[derive(Debug, thiserror::Error)]
#[error("not a status of a video")]
pub struct UnknownStatus;

/// Status that callers see: a pure function of everything known of the video.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = VideoStatus)]
pub enum ShownStatus {
    /// The row is written; the provider has not answered yet.
    Created,
    /// The upload URL was handed out.
    Waiting,
    /// The file arrived.
    Preparing,
    /// The video plays.
    Ready,
    /// The video will never play; `error` says why.
    Errored,
    /// The upload was called off.
    Cancelled,
    /// No file was uploaded in time.
    Expired,
    /// The owner requested the deletion; the provider has not confirmed it yet.
    Deleting,
    /// The video is gone at the provider.
    Deleted,
}

impl ShownStatus {
    /// Every status, in the order of a video's life.
    pub const ALL: [Self; 9] = [
        Self::Created,
        Self::Waiting,
        Self::Preparing,
        Self::Ready,
        Self::Errored,
        Self::Cancelled,
        Self::Expired,
        Self::Deleting,
        Self::Deleted,
    ];

    /// The name in JSON and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Waiting => "waiting",
            Self::Preparing => "preparing",
            Self::Ready => "ready",
            Self::Errored => "errored",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Deleting => "deleting",
            Self::Deleted => "deleted",
        }
    }

    /// No further change of the status is expected, except a deletion.
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            Self::Ready | Self::Errored | Self::Cancelled | Self::Expired | Self::Deleted
        )
    }
}

impl fmt::Display for ShownStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<Status> for ShownStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Created => Self::Created,
            Status::Waiting => Self::Waiting,
            Status::Preparing => Self::Preparing,
            Status::Expired => Self::Expired,
            Status::Cancelled => Self::Cancelled,
            Status::Errored => Self::Errored,
            Status::Ready => Self::Ready,
        }
    }
}

/// Playback policy of a video: anybody who has the address may play it, or only the bearer of a signed token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PlaybackPolicy)]
pub enum Policy {
    /// The address alone plays.
    Public,
    /// The address plays with a signature only.
    Signed,
}

impl Policy {
    /// Every policy.
    pub const ALL: [Self; 2] = [Self::Public, Self::Signed];

    /// The name in JSON, in settings and in maps.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Signed => "signed",
        }
    }
}
