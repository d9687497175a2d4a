//! A webhook event in the inbox, and what becomes of it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
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
    /// What its map reads of the body, where it is at hand.
    pub excerpt: Option<Arc<Excerpt>>,
}

/// What a map reads of an event's body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The body, without what the map does not read.
    pub json: Value,
    /// Which map, of those that this process has loaded.
    pub map: u64,
    /// Which of the map's rules tells of it; none where it is ignored.
    pub rule: Option<usize>,
    /// The provider's time.
    pub occurred_at: Option<DateTime<Utc>>,
    /// Our video id, come back.
    pub video_id: Option<Uuid>,
    /// The upload's id at the provider.
    pub upload_id: Option<String>,
    /// The asset's id at the provider.
    pub asset_id: Option<String>,
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
    /// What its map reads of the body, where it is at hand.
    #[sqlx(skip)]
    pub excerpt: Option<Arc<Excerpt>>,
}

impl From<NewEvent> for InboxEvent {
    /// As it is first stored: due at once where it is pending.
    fn from(new: NewEvent) -> Self {
        Self {
            id: new.id,
            provider: new.provider,
            event_id: new.event_id,
            id_is_hash: new.id_is_hash,
            event_type: new.event_type,
            occurred_at: new.occurred_at,
            received_at: new.received_at,
            receipts: 1,
            video_ref: new.video_ref,
            upload_id: new.upload_id,
            asset_id: new.asset_id,
            state: new.state,
            attempts: 0,
            next_attempt_at: (new.state == EventState::Pending).then_some(new.received_at),
            error: new.error,
            video_id: None,
            body: Some(new.body),
            excerpt: new.excerpt,
        }
    }
}
