//! Tracks of a video that callers asked for: captions, subtitles and sound, added, generated or deleted at the provider in the
//! background.
//!
//! A track stands in the row from the request on, for as long as the provider has it: its id is this service's, and the row
//! alone knows which track of the provider it is.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::renditions::RequestState;

/// What a track is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrackKind {
    /// What is said, as text.
    Subtitles,
    /// What is said and heard, as text, for those who do not hear it.
    Captions,
    /// Sound.
    Audio,
}

/// Where a track comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TrackSource)]
pub enum TrackOrigin {
    /// Somebody gave it.
    Uploaded,
    /// The provider wrote it, from the sound.
    Generated,
    /// It was in the video's file.
    Embedded,
}

/// What was asked for last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrackAction {
    /// The provider is to take it.
    Add,
    /// The provider is to write it.
    Generate,
    /// The provider is to delete it.
    Delete,
}

/// One track that a caller asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedTrack {
    /// This service's id of it.
    pub id: Uuid,
    /// What is asked for.
    pub action: TrackAction,
    /// What it is.
    pub kind: TrackKind,
    /// Its language, a BCP 47 tag.
    pub language: String,
    /// Its name for viewers.
    pub name: String,
    /// How far the request is.
    pub state: RequestState,
    /// The provider's id of it, once that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<String>,
    /// Time of the request.
    pub asked_at: DateTime<Utc>,
    /// Time of the answer that accepted the call, by the provider's clock as far as that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done_at: Option<DateTime<Utc>>,
    /// The reason of a refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}
