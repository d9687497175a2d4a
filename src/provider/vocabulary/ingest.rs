//! `[ingest]`: the calls by which the provider fetches a video from an address.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{action::action_table, tracks::BeginTracksTable};

/// The calls by which the provider fetches a video from an address (`POST /v1/videos`). `[asset.get]` or the webhook tells
/// the rest.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct IngestTable {
    /// The calls, 1 to 3, with the placeholder `{source_url}`: the address. A call sees the captures of those before it;
    /// captures are written to the row after each call. Some call must take `upload_id` or `asset_id`.
    /// None: the provider fetches nothing.
    #[serde(default)]
    pub(crate) steps: Vec<IngestStepTable>,
    /// Tracks that are asked for with the ingest, and that the provider writes. Left out: it takes no such request.
    pub(crate) tracks: Option<BeginTracksTable>,
    /// Whether the provider fetches from addresses that are signed or end. Left out: `true`. A move of videos keeps to it.
    pub(crate) fetches_signed: Option<bool>,
}

action_table! {
    /// One call of an ingest.
    IngestStepTable {
        /// Seconds for which what the call takes may not be there yet. Until then it is asked again, in the background, and
        /// the video is `created`. At most 840 for all steps together; only for a GET after the first call. Left out: it
        /// must be there at once.
        until_s: Option<u64>,
    }
}
