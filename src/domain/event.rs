//! Webhook events in the inbox, and their states.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// State of an event in the inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WebhookEventState)]
pub enum EventState {
    /// Waits to be applied.
    Pending,
    /// The facts are joined into the video.
    Applied,
    /// The map has no use for the event.
    Ignored,
    /// No row has the event's video yet.
    Parked,
    /// The event can't be applied as it stands.
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
    /// This service's id of the event.
    pub id: Uuid,
    /// Name of the provider that sent the event.
    pub provider: String,
    /// The provider's id of the event, or `sha256:` and a hash of the body.
    pub event_id: String,
    /// The id is made from the content: an equal event may come again and mean something new.
    pub id_is_hash: bool,
    /// The provider's type of the event, for people who read the inbox.
    pub event_type: String,
    /// The provider's time of the event.
    pub occurred_at: Option<DateTime<Utc>>,
    /// Time of the first receipt by this service's clock.
    pub received_at: DateTime<Utc>,
    /// The video's id that came back as passthrough.
    pub video_ref: Option<Uuid>,
    /// The upload's id at the provider.
    pub upload_id: Option<String>,
    /// The asset's id at the provider.
    pub asset_id: Option<String>,
    /// [`Pending`](EventState::Pending), [`Ignored`](EventState::Ignored), or [`Failed`](EventState::Failed) if the
    /// body can't be read.
    pub state: EventState,
    /// The reason of a failure.
    pub error: Option<String>,
    /// The raw body, as it was signed.
    pub body: Vec<u8>,
    /// The [`Excerpt`] of the body, if it is at hand.
    pub excerpt: Option<Arc<Excerpt>>,
}

// Why: a body may be large, and is parsed once: when it comes, or when its row is loaded again.
/// The parts of an event's body that a map reads. They travel with a [`NewEvent`] and an [`InboxEvent`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The body, without the parts that the map does not read.
    pub json: Value,
    /// Number of the map that made the excerpt, among those that this process has loaded.
    pub map: u64,
    /// Index of the map's rule for the event; `None` if the event is ignored.
    pub rule: Option<usize>,
    /// The provider's time of the event.
    pub occurred_at: Option<DateTime<Utc>>,
    /// The video's id that came back as passthrough.
    pub video_id: Option<Uuid>,
    /// The upload's id at the provider.
    pub upload_id: Option<String>,
    /// The asset's id at the provider.
    pub asset_id: Option<String>,
}

/// One row of the inbox.
#[derive(Clone, Debug)]
pub struct InboxEvent {
    /// This service's id of the event.
    pub id: Uuid,
    /// Name of the provider that sent the event.
    pub provider: String,
    /// The provider's id of the event, or `sha256:` and a hash of the body.
    pub event_id: String,
    /// The id is made from the content; see [`NewEvent::id_is_hash`].
    pub id_is_hash: bool,
    /// The provider's type of the event, for people who read the inbox.
    pub event_type: String,
    /// The provider's time of the event.
    pub occurred_at: Option<DateTime<Utc>>,
    /// Time of the first receipt by this service's clock.
    pub received_at: DateTime<Utc>,
    /// Number of times that the event was accepted to be applied.
    pub receipts: i32,
    /// The video's id that came back as passthrough.
    pub video_ref: Option<Uuid>,
    /// The upload's id at the provider.
    pub upload_id: Option<String>,
    /// The asset's id at the provider.
    pub asset_id: Option<String>,
    /// The [`EventState`].
    pub state: EventState,
    /// Number of failed attempts.
    pub attempts: i32,
    /// Time of the next attempt, if the event is [`Pending`](EventState::Pending).
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// The reason why the last attempt failed.
    pub error: Option<String>,
    /// The video that the event was applied to.
    pub video_id: Option<Uuid>,
    /// The raw body, as it was signed; `None` once the video is purged.
    pub body: Option<Vec<u8>>,
    /// The [`Excerpt`] of the body, if it is at hand.
    pub excerpt: Option<Arc<Excerpt>>,
}

impl From<NewEvent> for InboxEvent {
    /// Makes the inbox row of a new event: a [`Pending`](EventState::Pending) one is due at once.
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
