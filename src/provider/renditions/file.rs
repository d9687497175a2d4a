//! One file of a video, in this service's words.

use serde::Serialize;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RenditionKind {
    /// Picture and sound.
    Video,
    /// Sound alone.
    Audio,
    /// The file as it was uploaded, or the best that the provider keeps of it.
    Source,
}

/// How far a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RenditionStatus {
    /// It is being made.
    Preparing,
    /// It is there.
    Ready,
    /// It cannot be made.
    Errored,
}

/// One file of a video.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rendition {
    /// This service's name of it, such as `highest`.
    pub name: String,
    /// What it is.
    pub kind: RenditionKind,
    /// How far it is.
    pub status: RenditionStatus,
    /// Width in pixels.
    pub width: Option<u64>,
    /// Height in pixels.
    pub height: Option<u64>,
    /// Size in bytes.
    pub bytes: Option<u64>,
    /// Bits a second.
    pub bitrate: Option<u64>,
}

/// A file that is ready, with an address of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RenditionAddress {
    /// The file.
    #[serde(flatten)]
    pub file: Rendition,
    /// The address: signed, where the video is.
    pub url: String,
}

/// A file as the provider's list has it: ours, and what its calls and addresses need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RenditionFile {
    pub(crate) shown: Rendition,
    /// The provider's name of it.
    pub(crate) theirs: String,
    /// The provider's id of it.
    pub(crate) id: Option<String>,
    /// Its part of an address.
    pub(crate) file: Option<String>,
    /// The address that the provider gave.
    pub(crate) url: Option<String>,
}

impl RenditionKind {
    /// Every kind, by its name in maps.
    pub(crate) const WORDS: [(&str, Self); 3] = [
        ("video", Self::Video),
        ("audio", Self::Audio),
        ("source", Self::Source),
    ];

    /// Returns the kind of a file of which the name alone is known.
    pub(crate) fn by_name(name: &str) -> Self {
        match name {
            "source" => Self::Source,
            "audio-only" => Self::Audio,
            _ => Self::Video,
        }
    }
}

impl RenditionStatus {
    /// Every status, by its name in maps.
    pub(crate) const WORDS: [(&str, Self); 3] = [
        ("preparing", Self::Preparing),
        ("ready", Self::Ready),
        ("errored", Self::Errored),
    ];
}

impl Rendition {
    /// Makes a file of which nothing but the name is known.
    pub(crate) fn named(name: &str, status: RenditionStatus) -> Self {
        Self {
            name: name.to_owned(),
            kind: RenditionKind::by_name(name),
            status,
            width: None,
            height: None,
            bytes: None,
            bitrate: None,
        }
    }
}
