//! A webhook event in the inbox, and what becomes of it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Where an event stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[schema(as = WebhookEventState)]
pub enum EventState {
    /// Waits to be applied.
    Pending,
    /// Its facts are joined into its video.
    Applied,
    /// The map has no use for it.
    Ignored,
    /// Its video is not known yet.
    Parked,
    /// It can't be applied as it stands.
    Failed,
    /// Tried or waited for too long.
    GivenUp,
}

impl EventState {
    /// Every state.
    pub const ALL: [Self; 6] = [
        Self::Pending,
        Self::Applied,
        Self::Ignored,
        Self::Parked,
        Self::Failed,
        Self::GivenUp,
    ];

    /// The name in JSON and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Applied => "applied",
            Self::Ignored => "ignored",
            Self::Parked => "parked",
            Self::Failed => "failed",
            Self::GivenUp => "given_up",
        }
    }
}

/// A verified event as it is first stored.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Ours.
    pub id: Uuid,
    /// Whose it is.
    pub provider: String,
    /// The provider's id, or `sha256:` and a hash.
    pub event_id: String,
    /// The id is made from the content: an equal one may come again and mean something new.
    pub id_is_hash: bool,
    /// For people.
    pub event_type: String,
    /// The provider's time.
    pub occurred_at: Option<DateTime<Utc>>,
    /// Ours.
    pub received_at: DateTime<Utc>,
    /// Our video id, come back.
    pub video_ref: Option<Uuid>,
    /// The upload's id at the provider.
    pub upload_id: Option<String>,
    /// The asset's id at the provider.
    pub asset_id: Option<String>,
    /// `Pending`, `Ignored`, or `Failed` where the body can't be read.
    pub state: EventState,
    /// Why it failed.
    pub error: Option<String>,
    /// Raw, as signed.
    pub body: Vec<u8>,
}

/// An event as the inbox has it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct InboxEvent {
    /// Ours.
    pub id: Uuid,
    /// Whose it is.
    pub provider: String,
    /// The provider's id, or `sha256:` and a hash.
    pub event_id: String,
    /// The id is made from the content.
    pub id_is_hash: bool,
    /// For people.
    #[sqlx(rename = "type")]
    pub event_type: String,
    /// The provider's time.
    pub occurred_at: Option<DateTime<Utc>>,
    /// Ours.
    pub received_at: DateTime<Utc>,
    /// How often it was taken in to be applied.
    pub receipts: i32,
    /// Our video id, come back.
    pub video_ref: Option<Uuid>,
    /// The upload's id at the provider.
    pub upload_id: Option<String>,
    /// The asset's id at the provider.
    pub asset_id: Option<String>,
    /// Where it stands.
    pub state: EventState,
    /// Failed attempts so far.
    pub attempts: i32,
    /// Next try of a pending one.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// Why the last attempt failed.
    pub error: Option<String>,
    /// The video that it was applied to.
    pub video_id: Option<Uuid>,
    /// Raw, as signed; none once the video is purged.
    pub body: Option<Vec<u8>>,
}
