//! `[tracks]`, `[playback.tracks]`, `[upload.tracks]` and `[ingest.tracks]`: captions, subtitles and sound tracks.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    action::{ActionTable, action_table},
    address::AddressValue,
    renditions::EachValue,
    source::{ConditionTable, SourceValue},
    value::{Entries, TomlValue},
};
use crate::domain::TrackKind;

/// The captions, subtitles and sound tracks of a video. The row keeps what the provider tells, and this table reads it when a
/// video is shown.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TracksTable {
    /// Where events and the answer of `[asset.get]` list the tracks. Left out: `[tracks.list]` does. An answer of `[asset.get]`
    /// without it has no tracks.
    pub(crate) each: Option<EachValue>,
    /// Condition on an element of the list. Others are left out.
    #[serde(default)]
    pub(crate) only: ConditionTable,
    /// Texts in `only` are compared without regard to case.
    #[serde(default)]
    pub(crate) ignore_case: bool,
    /// What an element tells of its track.
    pub(crate) fields: TrackFieldsTable,
    /// Lists the tracks, where that is a call of its own. It is made when a ready video is asked about.
    pub(crate) list: Option<TrackListTable>,
    /// Has the provider take a track: the first table whose `for` has the kind. Left out: none can be added.
    #[serde(default)]
    pub(crate) add: Vec<TrackAddTable>,
    /// Has the provider write a track of text from the sound. Left out: it writes none.
    pub(crate) generate: Option<TrackGenerateTable>,
    /// Deletes a track; `gone` counts as done. Left out: tracks cannot be deleted.
    pub(crate) delete: Option<ActionTable>,
    /// Reads the file of a track of text: the body of the answer. Left out: its address in `[playback.tracks]` does.
    pub(crate) file: Option<ActionTable>,
}

/// What an element of a list tells of its track: field = source in the element.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrackFieldsTable {
    /// The provider's id of the track: `{track.id}`. An element without one is left out.
    pub(crate) id: SourceValue,
    /// Language, a BCP 47 tag.
    pub(crate) language: Option<SourceValue>,
    /// Name for viewers.
    pub(crate) name: Option<SourceValue>,
    /// `subtitles`, `captions` or `audio`, through `map`, `value` or `derive`. Left out: `captions`. An element without a value
    /// is left out.
    pub(crate) kind: Option<SourceValue>,
    /// `preparing`, `ready`, `errored` or `deleted`, through `map`, `value` or `derive`. Left out: `ready`. An element without a
    /// value is left out.
    pub(crate) status: Option<SourceValue>,
    /// `uploaded`, `generated` or `embedded`, through `map`, `value` or `derive`. Left out: not known.
    pub(crate) source: Option<SourceValue>,
}

action_table! {
    /// An HTTP action that lists the tracks of a video.
    TrackListTable {
        /// Where the answer lists them.
        each: EachValue,
    }
}

action_table! {
    /// An HTTP action that has the provider take a track. A capture `track_id` is the provider's id of it.
    TrackAddTable {
        /// The kinds of track that it is for.
        #[serde(rename = "for")]
        kinds: Vec<KindWord>,
        /// How the file goes to the provider. A file is always `WebVTT`.
        send: SendWord,
    }
}

/// What a track is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KindWord {
    /// What is said, as text.
    Subtitles,
    /// What is said and heard, as text, for those who do not hear it.
    Captions,
    /// Sound.
    Audio,
}

/// How the file of a track goes to the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SendWord {
    /// The provider fetches it from the address `{track.url}`.
    Url,
    /// As the member `"{file}"` of `form`: `captions.vtt`, `text/vtt`.
    Form,
    /// As the body: `text/vtt`.
    Body,
    /// As the text `{track.base64}` in `body`.
    Base64,
}

impl KindWord {
    /// Returns the word.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Subtitles => "subtitles",
            Self::Captions => "captions",
            Self::Audio => "audio",
        }
    }

    /// Returns the kind.
    pub(crate) const fn kind(self) -> TrackKind {
        match self {
            Self::Subtitles => TrackKind::Subtitles,
            Self::Captions => TrackKind::Captions,
            Self::Audio => TrackKind::Audio,
        }
    }
}

/// Calls that have the provider write a track of text from the sound.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrackGenerateTable {
    /// The calls, 1 to 3. A call sees the captures of those before it; a capture `track_id` is the provider's id of the track.
    pub(crate) steps: Vec<ActionTable>,
}

/// Addresses of the tracks of text.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlaybackTracksTable {
    /// Address of a track's `WebVTT` file, by `{track.id}`.
    pub(crate) url: AddressValue,
}

/// Where the calls that begin a video ask for tracks that the provider is to write. What is missing on the way is made. A path
/// begins with `upload.steps.` or `ingest.steps.`, the number of the call and `.body.`; elements of lists are counted from 1.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BeginTracksTable {
    /// Path of the list that gets an element for each track.
    pub(crate) at: Option<String>,
    /// The element, with `{track.language}` and `{track.name}`.
    pub(crate) item: Option<TomlValue>,
    /// Instead of `at` and `item`, where the provider has no list: path = value, for one track.
    pub(crate) set: Option<Entries<TomlValue>>,
    /// Most tracks that can be asked for. Left out: any number in a list, and 1 with `set`.
    pub(crate) max: Option<u32>,
}
