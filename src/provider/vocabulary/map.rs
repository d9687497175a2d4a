//! The whole map, and `[thumbnail]`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    address::AddressValue,
    api::ApiTable,
    asset::{AssetTable, CheckTable},
    ingest::IngestTable,
    playback::{PlaybackTable, SignedParamsWord},
    renditions::RenditionsTable,
    tracks::TracksTable,
    upload::UploadTable,
    value::{Constant, Entries, TomlValue},
    webhook::WebhookTable,
};

/// An action map: one provider of videos, described for Yourbit Video.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ActionMap {
    /// Name of the map that this one builds on: a built-in map, or one in `providers.dir`. At most five build on each
    /// other. A map that is called like the built-in one it names builds on that.
    #[expect(
        dead_code,
        reason = "`extend` takes the key off before a map is read; it is declared for the reference"
    )]
    pub(crate) extends: Option<String>,
    /// Name of another loaded map that has the same account at the provider. Events come in at that map's route and are
    /// proven by its secret; each is read by the map of its video. Ids and rate are shared. Left out: an account of its own.
    #[expect(
        dead_code,
        reason = "`extend` takes the key off before a map is read; it is declared for the reference"
    )]
    pub(crate) account: Option<String>,
    /// With `extends`: dotted paths that are taken out of the map below.
    #[expect(
        dead_code,
        reason = "`extend` takes the key off before a map is read; it is declared for the reference"
    )]
    #[serde(default)]
    pub(crate) remove: Vec<String>,
    /// With `extends`: variables of the map below = the variables that are read in their place.
    #[expect(
        dead_code,
        reason = "`extend` takes the key off before a map is read; it is declared for the reference"
    )]
    #[serde(default)]
    pub(crate) env: Entries<String>,
    /// With `extends`: dotted path = value that stands there instead. Steps and rules are counted from 1, and a name with
    /// dots is quoted: `"webhook.on.1.when.\"/type\""`. What is missing on the way inside a `body` is made.
    #[expect(
        dead_code,
        reason = "`extend` takes the key off before a map is read; it is declared for the reference"
    )]
    #[serde(default)]
    pub(crate) set: Entries<TomlValue>,
    /// Public constants: name = value. `"${NAME}"` and `"${NAME:-default}"` are read from the environment once, at start.
    #[serde(default)]
    pub(crate) vars: Entries<Constant>,
    /// Credentials and keys: name = value, read from the environment as in `[vars]`. `NAME_FILE` names a file that holds
    /// the value.
    #[serde(default)]
    pub(crate) secrets: Entries<String>,
    /// Our values in the provider's words: `[values]` field = { our value = theirs }. They replace the value wherever the
    /// field's placeholder stands. A value that its table lacks is a 422. A table of another name serves the filter
    /// `as:<table>`.
    #[serde(default)]
    pub(crate) values: Entries<Entries<TomlValue>>,
    /// What all calls to the provider have in common.
    pub(crate) api: ApiTable,
    /// The calls that make an upload, and what the client is told.
    pub(crate) upload: UploadTable,
    /// The calls by which the provider fetches a video from an address. Left out: it fetches none.
    pub(crate) ingest: Option<IngestTable>,
    /// Calls about assets.
    #[serde(default)]
    pub(crate) asset: AssetTable,
    /// The files of a video, at most four tables: how they are read, made and deleted. `[playback.renditions]` has their
    /// addresses.
    #[serde(default)]
    pub(crate) renditions: Vec<RenditionsTable>,
    /// The captions, subtitles and sound tracks of a video. `[playback.tracks]` has their addresses. Left out: videos have none
    /// that this service knows.
    pub(crate) tracks: Option<TracksTable>,
    /// Calls that only read, for `yourbit-video check`.
    #[serde(default)]
    pub(crate) check: CheckTable,
    /// How events are verified, read and translated. Left out: the provider is only asked.
    pub(crate) webhook: Option<WebhookTable>,
    /// The addresses of a video, and what signs them.
    pub(crate) playback: PlaybackTable,
    /// Pictures of a video. Left out: there are none.
    pub(crate) thumbnail: Option<ThumbnailTable>,
}

/// Pictures of a video.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ThumbnailTable {
    /// Address of a picture.
    pub(crate) url: AddressValue,
    /// The provider's names of the parameters of a picture. A parameter that is not here is not sent.
    #[serde(default)]
    pub(crate) params: PictureParams,
    /// How a time is written.
    #[serde(default)]
    pub(crate) time_format: TimeFormatWord,
    /// Where the parameters of a signed picture stand.
    #[serde(default)]
    pub(crate) signed_params: SignedParamsWord,
}

/// The provider's names of the parameters of a picture.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PictureParams {
    /// Name of the parameter of the time.
    pub(crate) time: Option<String>,
    /// Name of the parameter of the width in pixels.
    pub(crate) width: Option<String>,
}

/// How a time is written in an address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TimeFormatWord {
    /// `12`
    #[default]
    Seconds,
    /// `12s`
    Duration,
}
