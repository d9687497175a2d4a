//! The results of reading an event: with the body alone, and with the video's row.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::domain::{Excerpt, Observation};

/// The parts of an event that are read without the row that it is about. A [`Translation`] needs the row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The provider's id of the event, at most 255 bytes; `sha256:` and a hash of the body if it has none.
    pub event_id: String,
    /// The id is a hash: an equal event that comes later may be a new one.
    pub id_is_hash: bool,
    /// The event's type, for people who read the inbox; may be empty.
    pub event_type: String,
    /// The provider's time of the event.
    pub occurred_at: Option<DateTime<Utc>>,
    /// This service's id of the video, come back as passthrough.
    pub video_id: Option<Uuid>,
    /// The id of the upload in the event.
    pub upload_id: Option<String>,
    /// The id of the asset in the event.
    pub asset_id: Option<String>,
    /// The event is of another environment, or no rule of the map wants it.
    pub ignored: bool,
    /// The [`Excerpt`]: the parts of the body that the map reads.
    pub excerpt: Arc<Excerpt>,
}

/// A verified body that is no JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the event's body is no JSON")]
pub struct UnreadableEvent {
    /// The id that the event is stored under: `sha256:` and a hash of the body.
    pub event_id: String,
}

/// An event's statement about its video.
#[derive(Clone, Debug, PartialEq)]
pub struct Translation {
    /// The facts to join with the video's [`Knowledge`](crate::domain::Knowledge).
    pub observation: Observation,
    /// The event is incomplete: the provider has to be queried too.
    pub refresh: bool,
}

/// The error of a stored event without a [`Translation`], or without one any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TranslateError {
    /// The body is no JSON.
    #[error("the event's body is no JSON")]
    Unreadable,
    /// The map that is loaded now ignores the event.
    #[error("the provider's map ignores this event")]
    Ignored,
}
