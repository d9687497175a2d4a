//! `[asset]` and `[check]`: calls about one asset, about those that are there, and about the account.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    action::{ActionTable, action_table},
    fields::{FieldsValue, ReportTable},
    source::SourceValue,
};

/// Calls about assets. Every one is optional.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AssetTable {
    /// Asks about one asset. Left out: `refresh` is refused, and lost events are not asked for again.
    pub(crate) get: Option<ReportTable>,
    /// Deletes an asset; `gone` counts as done. Left out: a deletion ends our row, and a line in the log says so.
    pub(crate) delete: Option<ActionTable>,
    /// Tells the provider of a change of the row. It runs once the video is ready, and again until it succeeds.
    #[serde(default)]
    pub(crate) update: Vec<AssetUpdateTable>,
    /// Lists the assets that are there, page by page, for `yourbit-video import`.
    pub(crate) list: Option<AssetListTable>,
    /// Finds the asset that a playback id belongs to, for `yourbit-video import --csv` and `POST /v1/admin/videos`.
    pub(crate) find: Option<AssetFindTable>,
}

action_table! {
    /// An HTTP action that tells the provider of a change of the row.
    AssetUpdateTable {
        /// The fields whose change runs the action; at least one.
        on: Vec<ChangeWord>,
    }
}

/// A field that `PATCH /v1/videos/{id}` can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ChangeWord {
    Title,
    Metadata,
    ExternalId,
    ThumbnailTime,
}

action_table! {
    /// An HTTP action that lists assets.
    AssetListTable {
        /// Pointer to the array of assets in the answer.
        items: String,
        /// How the next page is asked for. Left out: there is one page.
        next: Option<NextTable>,
        /// Source of the status, in one element of `items`. Left out: each asset is asked for by `[asset.get]`.
        status: Option<SourceValue>,
        /// What one element of `items` tells about its video. `asset_id` is required.
        fields: Option<FieldsValue>,
        /// Source of the title.
        title: Option<SourceValue>,
        /// Source of the time when the asset was made.
        created_at: Option<SourceValue>,
    }
}

/// How the next page of a list is asked for. It has exactly one key.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NextTable {
    /// Number of the first page. `{page}` must stand in the call. A page without assets is the last.
    pub(crate) page: Option<u64>,
    /// Source of the next page's cursor in the answer. `{cursor}` must stand in the call; the first page goes without
    /// it. A page that names none is the last.
    pub(crate) cursor: Option<SourceValue>,
    /// Source of the next page's cursor in the last element of `items`, for lists that page by time. `{cursor}` must stand in
    /// the call; the first page goes without it. A page without assets is the last, as is one whose last element is that of
    /// the page before.
    pub(crate) last: Option<SourceValue>,
}

action_table! {
    /// An HTTP action that finds the asset of a playback id.
    AssetFindTable {
        /// What the answer tells about the video. `asset_id` is required.
        fields: Option<FieldsValue>,
    }
}

/// Calls that only read, for `yourbit-video check`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckTable {
    /// A GET that succeeds with our credentials alone.
    pub(crate) credentials: Option<ActionTable>,
    /// A GET that finds our signing key by its id; `gone` means that the provider does not know it.
    pub(crate) signing_key: Option<ActionTable>,
}
