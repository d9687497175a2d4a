//! Outgoing events: the application's news of its videos.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{status::ShownStatus, video::Video};

/// Type of an event that the application receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
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
    /// Another file has taken the video's place.
    #[serde(rename = "video.replaced")]
    VideoReplaced,
    /// No file was uploaded in time.
    #[serde(rename = "upload.expired")]
    UploadExpired,
    /// The file has arrived. Only endpoints that name it get it.
    #[serde(rename = "upload.received")]
    UploadReceived,
    /// The upload was called off. Only endpoints that name it get it.
    #[serde(rename = "video.cancelled")]
    VideoCancelled,
}

impl Announcement {
    /// Every announcement.
    pub const ALL: [Self; 8] = [
        Self::VideoReady,
        Self::VideoErrored,
        Self::VideoDeleted,
        Self::VideoUpdated,
        Self::VideoReplaced,
        Self::UploadExpired,
        Self::UploadReceived,
        Self::VideoCancelled,
    ];

    /// The announcements that an endpoint gets which names none.
    pub const USUAL: [Self; 6] = [
        Self::VideoReady,
        Self::VideoErrored,
        Self::VideoDeleted,
        Self::VideoUpdated,
        Self::VideoReplaced,
        Self::UploadExpired,
    ];

    /// The `type` of the event.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::VideoReady => "video.ready",
            Self::VideoErrored => "video.errored",
            Self::VideoDeleted => "video.deleted",
            Self::VideoUpdated => "video.updated",
            Self::VideoReplaced => "video.replaced",
            Self::UploadExpired => "upload.expired",
            Self::UploadReceived => "upload.received",
            Self::VideoCancelled => "video.cancelled",
        }
    }

    /// Returns the announcements that tell of a change of a [`Video`], the most important first; none for a change that is
    /// not announced. An endpoint gets the first of them that it wants: one change is one event.
    // Why not all changes are announced: a video changes often before it reaches an end, and the event of the end holds
    // everything. That a deletion was requested is no news to those who requested it.
    pub fn of_change(before: &Video, after: &Video) -> &'static [Self] {
        // Why not hidden ones: callers do not know them.
        if before.version == after.version || after.is_hidden() {
            return &[];
        }
        // Why the second one: an endpoint that names its types may not know the first.
        if before.asset_key() != after.asset_key() {
            return &[Self::VideoReplaced, Self::VideoUpdated];
        }
        let changed = before.status != after.status;
        let received = matches!(before.status, ShownStatus::Created | ShownStatus::Waiting);
        match after.status {
            // Why both: where the provider is quick, the file arrives and the video is ready in one change.
            ShownStatus::Ready if received => &[Self::VideoReady, Self::UploadReceived],
            ShownStatus::Ready if changed => &[Self::VideoReady],
            ShownStatus::Errored if changed => &[Self::VideoErrored],
            ShownStatus::Deleted if changed => &[Self::VideoDeleted],
            ShownStatus::Expired if changed => &[Self::UploadExpired],
            ShownStatus::Cancelled if changed => &[Self::VideoCancelled],
            ShownStatus::Preparing if received => &[Self::UploadReceived],
            ShownStatus::Ready | ShownStatus::Errored | ShownStatus::Expired | ShownStatus::Cancelled => {
                &[Self::VideoUpdated]
            }
            ShownStatus::Created
            | ShownStatus::Waiting
            | ShownStatus::Preparing
            | ShownStatus::Deleting
            | ShownStatus::Deleted => &[],
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
