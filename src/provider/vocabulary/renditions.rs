//! `[[renditions]]` and `[playback.renditions]`: the files of a video, how they are made and where they play.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{
        Error, MapAccess, SeqAccess, Visitor,
        value::{MapAccessDeserializer, SeqAccessDeserializer},
    },
};

use super::{
    action::{ActionTable, action_table},
    address::AddressValue,
    deserializer::Declared,
    source::{ConditionTable, SourceValue},
    value::{Entries, OneOrMany},
};

/// Files of a video. A map may have up to four of these, where an answer has several kinds. The row keeps what the provider
/// tells, and this table reads it when a video is shown.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RenditionsTable {
    /// Where events and the answer of `[asset.get]` list the files. Left out: `[renditions.list]` does. An answer of
    /// `[asset.get]` without it has no files.
    pub(crate) each: Option<EachValue>,
    /// Condition on an element of the list. Others are left out.
    #[serde(default)]
    pub(crate) only: ConditionTable,
    /// Texts in `only` are compared without regard to case.
    #[serde(default)]
    pub(crate) ignore_case: bool,
    /// Our name = the provider's: what may be asked for, and how files are shown. An element of another name is left out.
    /// Our names are `highest`, `audio-only`, `1080p` and the like, and `source`; they have lower-case letters, digits and `-`.
    pub(crate) names: Entries<String>,
    /// What an element tells of its file.
    pub(crate) fields: RenditionFieldsTable,
    /// Lists the files, where that is a call of its own. It is made when a ready video is asked about.
    pub(crate) list: Option<RenditionListTable>,
    /// Has a file made: an HTTP action, or `steps`. Left out: files cannot be asked for.
    pub(crate) make: Option<MakeValue>,
    /// Deletes a file; `gone` counts as done. Left out: files cannot be deleted.
    pub(crate) delete: Option<ActionTable>,
}

/// What an element of a list tells of its file: field = source in the element.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RenditionFieldsTable {
    /// The provider's name of the file, one of `names`.
    pub(crate) name: SourceValue,
    /// The provider's id of the file: `{rendition.id}`.
    pub(crate) id: Option<SourceValue>,
    /// The file's part of an address: `{rendition.file}`.
    pub(crate) file: Option<SourceValue>,
    /// An address that the provider gives. It is passed on where `[playback.renditions]` makes none, to the owner alone, and
    /// of a signed video only where `kind` is `source`.
    pub(crate) url: Option<SourceValue>,
    /// `video`, `audio` or `source`, through `map`, `value` or `derive`. Left out: by our name.
    pub(crate) kind: Option<SourceValue>,
    /// `preparing`, `ready` or `errored`, through `map`, `value` or `derive`. Left out: `ready`. An element without a value is
    /// left out.
    pub(crate) status: Option<SourceValue>,
    /// Width in pixels.
    pub(crate) width: Option<SourceValue>,
    /// Height in pixels.
    pub(crate) height: Option<SourceValue>,
    /// Size in bytes.
    pub(crate) bytes: Option<SourceValue>,
    /// Bits a second.
    pub(crate) bitrate: Option<SourceValue>,
}

action_table! {
    /// An HTTP action that lists the files of a video.
    RenditionListTable {
        /// Where the answer lists them.
        each: EachValue,
    }
}

/// Where a list is: pointers, or a table.
#[derive(Clone, Debug)]
pub(crate) struct EachValue {
    /// The first that finds a list or an object wins.
    pub(crate) at: Vec<String>,
    /// The members of an object are the elements.
    pub(crate) keys: bool,
}

/// Where a list is.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EachTable {
    /// Pointers; the first that finds a list or an object wins.
    at: OneOrMany<String>,
    /// `true`: an object has an element for each member, with the member's name at `/@key`. Left out: an object is one
    /// element.
    #[serde(default)]
    keys: bool,
}

/// Calls that have a file made: one HTTP action, or several.
#[derive(Clone, Debug)]
pub(crate) struct MakeValue(pub(crate) Vec<ActionTable>);

/// Several calls that have a file made.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MakeStepsTable {
    /// The calls, 1 to 3. A call sees the captures of those before it.
    steps: Vec<ActionTable>,
}

/// Where files play that have no address of their own.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlaybackRenditionsTable {
    /// Template of `{rendition.file}` where `fields.file` gives none.
    pub(crate) file: Option<String>,
    /// Address of a file, by `{rendition.file}`, `{rendition.name}` or `{rendition.id}`.
    pub(crate) url: AddressValue,
    /// How an address is made one that saves the file under a name. Left out: there is no such address.
    pub(crate) download: Option<DownloadTable>,
}

/// How an address is made one that saves the file under a name.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DownloadTable {
    /// Name of the parameter of the file's name. It is added to the query of the address.
    pub(crate) param: String,
    /// Most characters of a name.
    pub(crate) max: Option<u32>,
    /// Characters that a name may have, with ranges, such as `A-Za-z0-9_-`. Left out: all but control characters.
    pub(crate) only: Option<String>,
}

impl<'de> Deserialize<'de> for EachValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EachVisitor;
        impl<'de> Visitor<'de> for EachVisitor {
            type Value = EachValue;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON pointer, a list of them, or a table")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<EachValue, E> {
                Ok(EachValue {
                    at: vec![text.to_owned()],
                    keys: false,
                })
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<EachValue, A::Error> {
                let at = Vec::deserialize(SeqAccessDeserializer::new(list))?;
                Ok(EachValue { at, keys: false })
            }

            fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<EachValue, A::Error> {
                let table = EachTable::deserialize(MapAccessDeserializer::new(table))?;
                Ok(EachValue {
                    at: table.at.0,
                    keys: table.keys,
                })
            }
        }
        deserializer.deserialize_any(EachVisitor)
    }
}

impl JsonSchema for EachValue {
    fn schema_name() -> Cow<'static, str> {
        "Each".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let table = generator.subschema_for::<EachTable>();
        let pointer = json_schema!({ "type": "string", "pattern": "^(/.*)?$" });
        json_schema!({
            "description": "Where a list is: a JSON pointer to an array, or to an object, which is one element; a list of pointers of which the first that finds one wins; or a table. `\"\"` is the whole answer of a call, as one element. Of an array of texts the pointer `\"\"` reads the text.",
            "anyOf": [pointer.clone(), { "type": "array", "items": pointer }, table],
        })
    }
}

impl<'de> Deserialize<'de> for MakeValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let table = toml::Table::deserialize(deserializer)?;
        let has_steps = table.contains_key("steps");
        let value = Declared(toml::Value::Table(table));
        let steps = if has_steps {
            MakeStepsTable::deserialize(value).map(|table| table.steps)
        } else {
            ActionTable::deserialize(value).map(|action| vec![action])
        };
        steps.map(Self).map_err(|fault| match &fault.key {
            Some(key) => D::Error::custom(format_args!("{key}: {fault}")),
            None => D::Error::custom(fault),
        })
    }
}

impl JsonSchema for MakeValue {
    fn schema_name() -> Cow<'static, str> {
        "Make".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (action, steps) = (
            generator.subschema_for::<ActionTable>(),
            generator.subschema_for::<MakeStepsTable>(),
        );
        json_schema!({
            "description": "An HTTP action, or `steps`: 1 to 3 of them.",
            "anyOf": [action, steps],
        })
    }
}
