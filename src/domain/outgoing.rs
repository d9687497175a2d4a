//! What the application is told of its videos.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{ShownStatus, Video};

/// What happened, as the application is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, utoipa::ToSchema)]
#[schema(as = VideoEventType)]
pub enum Announcement {
    /// It plays.
    #[serde(rename = "video.ready")]
    VideoReady,
    /// It will never play, or does not play any more.
    #[serde(rename = "video.errored")]
    VideoErrored,
    /// The provider confirmed its deletion.
    #[serde(rename = "video.deleted")]
    VideoDeleted,
    /// Something else that callers see of a finished video.
    #[serde(rename = "video.updated")]
    VideoUpdated,
    /// Nobody uploaded in time.
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

    /// What a change is to the application. On its way to an end a video changes often, and each end tells all of it;
    /// what callers did themselves (a cancel, a deletion that is not confirmed yet) is no news to them.
    pub fn of(before: &Video, after: &Video) -> Option<Self> {
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

/// Where an outgoing event stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[schema(as = OutgoingEventState)]
pub enum OutgoingState {
    /// Not taken yet.
    Pending,
    /// The endpoint answered 2xx.
    Delivered,
    /// Tried for too long, or refused for good.
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
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct OutgoingEvent {
    /// Ours.
    pub id: Uuid,
    /// The same for every endpoint and every try.
    pub event_id: Uuid,
    /// Where it goes; its query may hold a secret.
    pub endpoint: String,
    /// Whose change it tells of.
    pub video_id: Uuid,
    /// The video's, with this change.
    pub version: i64,
    /// For people, and for the receiver.
    #[sqlx(rename = "type")]
    pub event_type: String,
    /// The body.
    pub payload: String,
    /// Where it stands.
    pub state: OutgoingState,
    /// Tries so far.
    pub attempts: i32,
    /// Next try of a pending one.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// What the last try was answered.
    pub answer_status: Option<i32>,
    /// Why the last try was none.
    pub error: Option<String>,
    /// When the change happened.
    pub created_at: DateTime<Utc>,
    /// Begin of the time in which it is tried.
    pub since: DateTime<Utc>,
    /// Delivered or given up.
    pub finished_at: Option<DateTime<Utc>>,
}

impl OutgoingEvent {
    /// The `webhook-id`: a receiver that has seen it before has nothing to do.
    pub fn message_id(&self) -> String {
        format!("msg_{}", self.event_id.simple())
    }

    /// The endpoint without what may be secret in it.
    pub fn endpoint_shown(&self) -> &str {
        shown(&self.endpoint)
    }
}

/// An address without its query.
pub fn shown(endpoint: &str) -> &str {
    endpoint.split(['?', '#']).next().unwrap_or_default()
}
