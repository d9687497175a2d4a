//! Outgoing events: the application's news of its videos.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{status::ShownStatus, video::Video};

/// Type of an event that the application receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, utoipa::ToSchema)]
#[schema(as = VideoEventType)]
pub enum Announcement {
    /// The video plays.
    #[serde(rename = "video.ready")]
    VideoReady,
    /// The video will never play, or does not play any more.
    #[serde(rename = "video.errored")]
    VideoErrored,
    /// The provider confirmed the deletion.
    #[serde(rename = "video.deleted")]
    VideoDeleted,
    /// Something else changed that callers see of a finished video.
    #[serde(rename = "video.updated")]
    VideoUpdated,
    /// No file was uploaded in time.
    #[serde(rename = "upload.expired")]
    UploadExpired,
}

impl Announcement {
    /// Every announcement.
    pub const ALL: [Self; 5] = [
        Self::VideoReady,
        Self::VideoErrored,
        Self::VideoDeleted,
        Self::VideoUpdated,
        Self::UploadExpired,
    ];

    /// The `type` of the event.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::VideoReady => "video.ready",
            Self::VideoErrored => "video.errored",
            Self::VideoDeleted => "video.deleted",
            Self::VideoUpdated => "video.updated",
            Self::UploadExpired => "upload.expired",
        }
    }

    /// Chooses the announcement of a change of a [`Video`]; `None` for a change that is not announced.
    // Why not all are: a video changes often before it reaches an end, and the event of the end holds everything.
    // Actions of callers (a cancel, a deletion that is not confirmed yet) are no news to them.
    pub fn from_change(before: &Video, after: &Video) -> Option<Self> {
        if before.version == after.version {
            return None;
        }
        let changed = before.status != after.status;
        match after.status {
            ShownStatus::Ready if changed => Some(Self::VideoReady),
            ShownStatus::Errored if changed => Some(Self::VideoErrored),
            ShownStatus::Deleted if changed => Some(Self::VideoDeleted),
            ShownStatus::Expired if changed => Some(Self::UploadExpired),
            ShownStatus::Ready | ShownStatus::Errored | ShownStatus::Expired => Some(Self::VideoUpdated),
            // Why: that the upload was called off is no news to the application; a later change is.
            ShownStatus::Cancelled if !changed => Some(Self::VideoUpdated),
            ShownStatus::Created
            | ShownStatus::Waiting
            | ShownStatus::Preparing
            | ShownStatus::Cancelled
            | ShownStatus::Deleting
            | ShownStatus::Deleted => None,
        }
    }
}

/// State of an outgoing event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = OutgoingEventState)]
pub enum OutgoingState {
    /// The endpoint has not accepted the event yet.
    Pending,
    /// The endpoint answered 2xx.
    Delivered,
    /// The event was tried for too long, or refused for good.
    GivenUp,
}

impl OutgoingState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Delivered, Self::GivenUp];

    /// The name in JSON and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::GivenUp => "given_up",
        }
    }
}

/// One event on its way to one endpoint.
#[derive(Clone, Debug)]
pub struct OutgoingEvent {
    /// Id of this row.
    pub id: Uuid,
    /// Id of the event: one for all endpoints and attempts.
    pub event_id: Uuid,
    /// URL of the endpoint; its query may hold a secret.
    pub endpoint: String,
    /// The video that changed.
    pub video_id: Uuid,
    /// Version of the video with this change.
    pub version: i64,
    /// The word of [`Announcement::as_str`].
    pub event_type: String,
    /// The JSON body.
    pub payload: String,
    /// The [`OutgoingState`].
    pub state: OutgoingState,
    /// Number of attempts.
    pub attempts: i32,
    /// Time of the next attempt, if the event is [`Pending`](OutgoingState::Pending).
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// HTTP status of the last attempt's response.
    pub answer_status: Option<i32>,
    /// The reason why the last attempt failed.
    pub error: Option<String>,
    /// Time of the change.
    pub created_at: DateTime<Utc>,
    /// Begin of the time within which the event is tried.
    pub since: DateTime<Utc>,
    /// Time at which the event was delivered or given up.
    pub finished_at: Option<DateTime<Utc>>,
}

impl OutgoingEvent {
    /// Returns the `webhook-id`: a receiver that has seen it before has nothing to do.
    pub fn message_id(&self) -> String {
        format!("msg_{}", self.event_id.simple())
    }

    /// Returns the endpoint without the parts that may be secret ([`shown_endpoint`]).
    pub fn endpoint_shown(&self) -> &str {
        shown_endpoint(&self.endpoint)
    }
}

/// Returns a URL without query and fragment, which may hold a secret.
pub fn shown_endpoint(endpoint: &str) -> &str {
    endpoint.split(['?', '#']).next().unwrap_or_default()
}
