//! `[upload]`: the calls that make an upload, and what the client is told.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    action::{ActionTable, CancelTable},
    digest::DigestTable,
    fields::ReportTable,
    tracks::BeginTracksTable,
    value::{Entries, Scalar},
};
use crate::provider::{protocol::Protocol, request_field::RequestField};

/// The calls that make an upload, and what the client is told.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UploadTable {
    /// Fields that a request must have, such as `file_size`. One that is missing is a 422.
    #[serde(default)]
    pub(crate) requires: Vec<RequestField>,
    /// Shortest and longest lifetime of an upload URL. The setting is limited to it. Left out: any.
    pub(crate) ttl_s: Option<TtlTable>,
    /// Largest file that the provider takes, in bytes: a number, or a template of variables. It is compared with `file_size`
    /// where that is given, and told to the client. Left out: none is known.
    pub(crate) max_bytes: Option<Scalar>,
    /// Longest video that the provider may make, in seconds: a number, or a template of variables. A longer one is never
    /// played, and is deleted. Left out: any.
    pub(crate) max_duration_s: Option<Scalar>,
    /// The ids that the client gives the file, instead of `steps`, where the provider takes a file without a call before
    /// it.
    pub(crate) ids: Option<IdsTable>,
    /// The calls that make the upload, 1 to 3. A call sees the captures of those before it; captures are written to the
    /// row after each call. Some call must take `upload_id` or `asset_id`.
    #[serde(default)]
    pub(crate) steps: Vec<ActionTable>,
    /// Tracks that are asked for with the upload, and that the provider writes. Left out: it takes no such request.
    pub(crate) tracks: Option<BeginTracksTable>,
    /// Signed texts that the client needs, by name: each is a placeholder in `[upload.client]`.
    #[serde(default)]
    pub(crate) compute: Entries<DigestTable>,
    /// How the client sends the file.
    pub(crate) client: ClientTable,
    /// Asks about an upload. `gone` makes a waiting upload expired.
    pub(crate) get: Option<ReportTable>,
    /// Calls an upload off. Left out: cancelling deletes the asset where there is one, else it is refused.
    pub(crate) cancel: Option<CancelTable>,
}

/// The ids that the client gives the file, by what it sends: at least `upload_id` or `asset_id`. Each is a template that
/// holds `{video_id}`. Until the file has come, an asset that the provider does not know is no sign of anything.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct IdsTable {
    /// Template of the upload's id.
    pub(crate) upload_id: Option<String>,
    /// Template of the asset's id.
    pub(crate) asset_id: Option<String>,
    /// Template of the id by which the video plays.
    pub(crate) playback_id: Option<String>,
}

/// Shortest and longest lifetime of an upload URL.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TtlTable {
    /// Shortest lifetime in seconds, at least 1. Left out: 1.
    pub(crate) min: Option<u64>,
    /// Longest lifetime in seconds. Left out: no limit.
    pub(crate) max: Option<u64>,
}

/// How the client sends the file: the member `upload` of the answer to `POST /v1/uploads`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClientTable {
    /// The protocol by which the file is sent.
    pub(crate) protocol: Protocol,
    /// Template of the URL of the first request. A secret may not stand here.
    pub(crate) url: String,
    /// Headers that the client sends with every request: name = template.
    #[serde(default)]
    pub(crate) headers: Entries<Scalar>,
    /// `post_form` and `post_form_content_range` only: other fields of the form, name = template.
    #[serde(default)]
    pub(crate) form_fields: Entries<Scalar>,
    /// `post_form` and `post_form_content_range` only: the form's field that holds the file. Left out: `file`.
    pub(crate) file_field: Option<String>,
    /// `tus_create` only: metadata, name = template. An empty value is a flag.
    #[serde(default)]
    pub(crate) tus_metadata: Entries<Scalar>,
    /// Sizes of the pieces in which the file is sent. Left out: as a whole, or in pieces of any size.
    pub(crate) chunk: Option<ChunkTable>,
    /// The older place of `max_bytes` of `[upload]`. Both is an error.
    pub(crate) max_bytes: Option<u64>,
}

/// Sizes of pieces in bytes: 0 < `min` ≤ `default` ≤ `max`, and `default` is a multiple of `multiple`.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChunkTable {
    /// Smallest piece but for the last. Left out: `multiple`.
    pub(crate) min: Option<u64>,
    /// Every piece but the last is a multiple of it. Left out: 1.
    pub(crate) multiple: Option<u64>,
    /// Size for a client without a reason for another. Left out: `min`.
    pub(crate) default: Option<u64>,
    /// Largest piece. Left out: `default`.
    pub(crate) max: Option<u64>,
}
