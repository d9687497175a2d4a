//! Sources and conditions: where a value comes from, and what must stand in a document.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{
        Error, MapAccess, SeqAccess, Visitor,
        value::{MapAccessDeserializer, SeqAccessDeserializer},
    },
};

use super::value::{Entries, OneOrMany, TomlValue};

/// Where a value comes from: a pointer, a list of pointers, or a table.
#[derive(Clone, Debug)]
pub(crate) enum SourceValue {
    /// Pointers; the first that finds a value wins.
    Pointers(Vec<String>),
    /// The table form.
    Table(Box<SourceTable>),
}

/// Where a value comes from, and what is done with it. It has exactly one of `at`, `header`, `hash_of`, `value`, `derive`.
///
/// `null`, `""`, `[]` and `{}` count as no value; `0` and `false` are values.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SourceTable {
    /// Pointers into the document; the first that finds a value wins.
    pub(crate) at: Option<OneOrMany<String>>,
    /// Header of the answer. A `Location` is resolved against the URL of the request.
    pub(crate) header: Option<String>,
    /// Pointers. The value is the hex SHA-256 of the compact JSON array of what they find, with `null` for what is
    /// missing.
    pub(crate) hash_of: Option<OneOrMany<String>>,
    /// The value itself, whatever the document holds.
    pub(crate) value: Option<TomlValue>,
    /// Rules, of which the first that holds gives the value. Where none holds, there is none.
    pub(crate) derive: Option<Vec<DeriveRule>>,
    /// Filters, with `|` between them.
    pub(crate) filter: Option<String>,
    /// Their value, as text = our value. A value that is not listed is none, with a line in the log.
    pub(crate) map: Option<Entries<TomlValue>>,
    /// How the provider writes a duration, a time, or a number of a file. Other values have no format.
    pub(crate) format: Option<FormatWord>,
    /// Keys of `map` are compared without regard to case.
    #[serde(default)]
    pub(crate) ignore_case: bool,
    /// Values that mean "not known", such as `[-1, 0]`.
    #[serde(default)]
    pub(crate) unknown: OneOrMany<TomlValue>,
    /// A capture that is not found is no outage.
    #[serde(default)]
    pub(crate) optional: bool,
}

/// One rule of `derive`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeriveRule {
    /// The condition. Left out: the rule always holds.
    #[serde(default)]
    pub(crate) when: ConditionTable,
    /// Texts in `when` are compared without regard to case.
    #[serde(default)]
    pub(crate) ignore_case: bool,
    /// The value that the rule gives.
    pub(crate) is: TomlValue,
}

/// A notation of a duration or a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FormatWord {
    /// A duration in seconds, as a number or its text.
    Seconds,
    /// A duration in milliseconds, as a number or its text.
    Milliseconds,
    /// A duration such as `01:02:03.5`.
    Hms,
    /// A time as RFC 3339; without an offset it is UTC.
    Rfc3339,
    /// A time in seconds since 1970.
    UnixS,
    /// A time in milliseconds since 1970.
    UnixMs,
    /// A whole number, or its text.
    Integer,
}

/// A condition on a JSON document: pointer = value, or a list of allowed values. All must hold. Values are compared by
/// their JSON type; a missing value and `null` never match. `ignore_case = true` compares texts without regard to case.
#[derive(Clone, Debug, Default)]
pub(crate) struct ConditionTable(pub(crate) Entries<TomlValue>);

impl<'de> Deserialize<'de> for SourceValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SourceVisitor;
        impl<'de> Visitor<'de> for SourceVisitor {
            type Value = SourceValue;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON pointer, a list of them, or a table")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<SourceValue, E> {
                Ok(SourceValue::Pointers(vec![text.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<SourceValue, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(SourceValue::Pointers)
            }

            fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<SourceValue, A::Error> {
                let table = SourceTable::deserialize(MapAccessDeserializer::new(table))?;
                Ok(SourceValue::Table(Box::new(table)))
            }
        }
        deserializer.deserialize_any(SourceVisitor)
    }
}

impl JsonSchema for SourceValue {
    fn schema_name() -> Cow<'static, str> {
        "Source".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let table = generator.subschema_for::<SourceTable>();
        let pointer = pointer_schema();
        json_schema!({
            "description": "Where a value comes from: a JSON pointer, a list of pointers of which the first that finds a value wins, or a table.",
            "anyOf": [pointer.clone(), { "type": "array", "items": pointer }, table],
        })
    }
}

impl<'de> Deserialize<'de> for ConditionTable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Entries::deserialize(deserializer).map(Self)
    }
}

impl JsonSchema for ConditionTable {
    fn schema_name() -> Cow<'static, str> {
        "Condition".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A condition on a JSON document: pointer = value, or a list of allowed values. All must hold. Values are compared by their JSON type; a missing value and null never match. `ignore_case = true` compares texts without regard to case.",
            "type": "object",
            "properties": { "ignore_case": { "type": "boolean" } },
            "patternProperties": { "^(/.*)?$": true },
            "additionalProperties": false,
        })
    }
}

/// Returns the schema of a JSON pointer.
fn pointer_schema() -> Schema {
    json_schema!({ "type": "string", "pattern": "^(/.*)?$" })
}
