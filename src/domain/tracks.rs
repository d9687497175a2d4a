//! Tracks of a video that callers asked for: captions, subtitles and sound, added, generated or deleted at the provider in the
//! background.
//!
//! A track stands in the row from the request on, for as long as the provider has it: its id is this service's, and the row
//! alone knows which track of the provider it is.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{error_code::ErrorCode, renditions::RequestState};

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

/// Why a track is not there, in this service's words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackFailure {
    /// The reason, for programs.
    pub code: ErrorCode,
    /// The reason, for people. It holds no address.
    pub message: String,
}

/// One track that a caller asked for, or whose deletion a caller asked for.
///
/// | action | state | means |
/// |---|---|---|
/// | any | [`Wanted`](RequestState::Wanted) | The provider was not called. |
/// | any | [`Calling`](RequestState::Calling) | The call was about to be made. Whether it arrived is not known. |
/// | any | [`Done`](RequestState::Done) | The provider accepted the call. What it makes of it is awaited until [`AskedTrack::is_settled`]. |
/// | add, generate | [`Refused`](RequestState::Refused) | The track is not there, and [`AskedTrack::failure`] says why. |
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedTrack {
    /// This service's id of it.
    pub id: Uuid,
    /// What is asked for.
    pub action: TrackAction,
    /// Where the track comes from.
    pub origin: TrackOrigin,
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
    /// The provider has shown the track, ready or errored: nothing more is awaited.
    #[serde(default)]
    pub is_settled: bool,
    /// Ids of tracks like it that the provider had before this one was asked for: this one is none of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<String>,
    /// Time of the request. With id and action it tells a request from a later one.
    pub asked_at: DateTime<Utc>,
    /// Time of the answer that accepted the call, by the provider's clock as far as that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done_at: Option<DateTime<Utc>>,
    /// The reason of a refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<TrackFailure>,
}

impl AskedTrack {
    /// Makes a request that the provider was not called for yet.
    pub fn new(
        id: Uuid,
        action: TrackAction,
        kind: TrackKind,
        language: String,
        name: String,
        asked_at: DateTime<Utc>,
    ) -> Self {
        let origin = match action {
            TrackAction::Generate => TrackOrigin::Generated,
            TrackAction::Add | TrackAction::Delete => TrackOrigin::Uploaded,
        };
        Self {
            id,
            action,
            origin,
            kind,
            language,
            name,
            state: RequestState::Wanted,
            provider_id: None,
            is_settled: false,
            others: Vec::new(),
            asked_at,
            done_at: None,
            failure: None,
        }
    }

    /// Both are the same request, whatever has become of it.
    pub fn is_same(&self, other: &Self) -> bool {
        (self.id, self.action, self.asked_at) == (other.id, other.action, other.asked_at)
    }

    /// The provider refused the track, or never took it.
    pub fn is_refused(&self) -> bool {
        self.state == RequestState::Refused
    }

    /// Something is still to be done or awaited.
    pub fn is_open(&self) -> bool {
        !self.is_refused() && !self.is_settled
    }

    /// Callers see the same track: kind, language and name.
    pub fn looks_like(&self, kind: TrackKind, language: &str, name: &str) -> bool {
        self.kind == kind && self.language.eq_ignore_ascii_case(language) && self.name == name
    }
}

/// The tracks of one video that callers asked for, each by its id, in the order of the requests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AskedTracks(pub(super) Vec<AskedTrack>);

impl AskedTracks {
    /// Returns the tracks, in the order in which they were asked for.
    pub fn as_slice(&self) -> &[AskedTrack] {
        &self.0
    }
}
