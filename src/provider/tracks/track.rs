//! One track of a video, in this service's words.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::{TrackKind, TrackOrigin};

/// How far a track is at the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrackStatus {
    /// It is being made.
    Preparing,
    /// It is there.
    Ready,
    /// It cannot be made.
    Errored,
    /// It is there no more.
    Deleted,
}

impl TrackStatus {
    /// Every status, by its name in maps.
    pub(crate) const WORDS: [(&str, Self); 4] = [
        ("preparing", Self::Preparing),
        ("ready", Self::Ready),
        ("errored", Self::Errored),
        ("deleted", Self::Deleted),
    ];

    /// Returns the name in maps.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Preparing => "preparing",
            Self::Ready => "ready",
            Self::Errored => "errored",
            Self::Deleted => "deleted",
        }
    }
}

/// A track as the provider lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedTrack {
    /// The provider's id of it: `{track.id}`.
    pub provider_id: String,
    /// What it is.
    pub kind: TrackKind,
    /// Its language, a BCP 47 tag; `None` where the provider tells none.
    pub language: Option<String>,
    /// Its name for viewers; `None` where the provider tells none.
    pub name: Option<String>,
    /// How far it is.
    pub status: TrackStatus,
    /// Where it comes from; `None` where the provider does not tell.
    pub origin: Option<TrackOrigin>,
}

/// How the provider takes the file of a track: `send`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrackSend {
    /// The provider fetches it from an address.
    Url,
    /// The call carries it.
    File,
}

/// The file of a track, as the call takes it.
#[derive(Clone, Copy, Debug)]
pub enum TrackContent<'a> {
    /// The address that the provider fetches it from.
    Url(&'a str),
    /// `WebVTT`.
    File(&'a str),
}

/// What an accepted call told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedTrack {
    /// Time of the answer, by the provider's clock as far as that is known.
    pub at: DateTime<Utc>,
    /// The provider's id of the track, where the answer tells it.
    pub provider_id: Option<String>,
}

/// The address of a track that is ready.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrackAddress {
    /// The provider's id of it.
    pub provider_id: String,
    /// The address: signed, where the video is.
    pub url: String,
}
