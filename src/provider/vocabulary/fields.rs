//! What an answer or an event tells about a video: the closed list of fields.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};

use super::{action::action_table, source::SourceValue};

/// Declares [`FieldsTable`] and the list of its entries.
macro_rules! fields_table {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What an answer or an event tells about a video: field = source. The list of fields is closed.
        #[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct FieldsTable {
            $($(#[$doc])* $name: Option<SourceValue>,)*
        }

        impl FieldsTable {
            /// Returns the fields that are there, by name.
            pub(crate) fn into_entries(self) -> Vec<(&'static str, SourceValue)> {
                let entries = [$((stringify!($name), self.$name)),*];
                entries.into_iter().filter_map(|(name, source)| Some((name, source?))).collect()
            }
        }
    };
}

fields_table! {
    /// Our id, which went to the provider with the upload and comes back.
    video_id,
    /// The provider's id of the upload.
    upload_id,
    /// The provider's id of the asset.
    asset_id,
    /// The provider's id by which the video plays.
    playback_id,
    /// `public` or `signed`. It is compared with the policy that was asked for.
    playback_policy,
    /// Duration in seconds; see `format` of a source.
    duration,
    /// Aspect ratio such as `16:9`. Where there is none, it is computed from width and height.
    aspect_ratio,
    /// Width in pixels.
    width,
    /// Height in pixels.
    height,
    /// The provider's code of what went wrong. Its `map` gives this service's codes: `unsupported_file`, `corrupt_file`,
    /// `no_video`, `too_long`, `too_large`, `policy_mismatch`, `upload_lost`, `provider_lost`, `source_unreachable`,
    /// `provider_rejected`, `provider_unavailable`, `processing_failed`. It is applied as a video is shown: the row keeps the
    /// provider's code. The maps of all `error_code` of a file are one table. A code that is not listed is shown as
    /// `processing_failed`.
    error_code,
    /// The provider's words for what went wrong.
    error_message,
    /// Taken no more: `[tracks]` reads the tracks of a video.
    tracks,
    /// Taken no more: `[[renditions]]` reads the files of a video.
    renditions,
    /// `true` where the video has sound and no moving picture: then playback has no `storyboard` and no `animated`, and no
    /// thumbnails. Left out: not known.
    sound_only,
    /// `true` where a video that is sound only has a still picture: then playback has thumbnails.
    cover,
    /// Size of the file in bytes, for quotas. It counts where the caller told none before the upload.
    file_size,
}

/// Fields, or `[]`: none of those of `[webhook.event]`.
#[derive(Clone, Debug)]
pub(crate) enum FieldsValue {
    /// `fields = []`.
    Nothing,
    /// The table.
    Table(Box<FieldsTable>),
}

action_table! {
    /// An HTTP action whose answer is a report about the upload or the asset.
    ReportTable {
        /// Source of the status: `waiting`, `preparing`, `ready`, `errored`, `cancelled`, `expired` or `deleted`, through
        /// `map`; or `{ derive = [ … ] }`.
        status: SourceValue,
        /// What the answer tells about the video.
        fields: Option<FieldsValue>,
    }
}

impl<'de> Deserialize<'de> for FieldsValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;
        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = FieldsValue;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table, or []")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<FieldsValue, A::Error> {
                match list.next_element::<IgnoredAny>()? {
                    None => Ok(FieldsValue::Nothing),
                    Some(_) => Err(A::Error::custom("must be a table, or []")),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<FieldsValue, A::Error> {
                let table = FieldsTable::deserialize(MapAccessDeserializer::new(table))?;
                Ok(FieldsValue::Table(Box::new(table)))
            }
        }
        deserializer.deserialize_any(FieldsVisitor)
    }
}

impl JsonSchema for FieldsValue {
    fn schema_name() -> Cow<'static, str> {
        "Fields".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let table = generator.subschema_for::<FieldsTable>();
        json_schema!({
            "description": "Fields of the closed list. `[]` takes none of those that stand in [webhook.event].",
            "anyOf": [table, { "type": "array", "maxItems": 0 }],
        })
    }
}
