//! Addresses: one for both policies, or one for each.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor, value::MapAccessDeserializer},
};

/// An address: a template for both policies, or one for each.
#[derive(Clone, Debug)]
pub(crate) enum AddressValue {
    /// One template. Where it holds a token, a signature or a computed text, it is for signed videos alone.
    Both(String),
    /// A template for each policy.
    ByPolicy(AddressTable),
}

/// An address for each policy. A policy without one has no such address.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddressTable {
    /// Template of the address of a public video.
    pub(crate) public: Option<String>,
    /// Template of the address of a signed video.
    pub(crate) signed: Option<String>,
}

impl<'de> Deserialize<'de> for AddressValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AddressVisitor;
        impl<'de> Visitor<'de> for AddressVisitor {
            type Value = AddressValue;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a template, or a table with public, signed or both")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<AddressValue, E> {
                Ok(AddressValue::Both(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<AddressValue, A::Error> {
                AddressTable::deserialize(MapAccessDeserializer::new(table)).map(AddressValue::ByPolicy)
            }
        }
        deserializer.deserialize_any(AddressVisitor)
    }
}

impl JsonSchema for AddressValue {
    fn schema_name() -> Cow<'static, str> {
        "Address".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let table = generator.subschema_for::<AddressTable>();
        json_schema!({
            "description": "An address: one template for both policies, or one for each.",
            "anyOf": [{ "type": "string" }, table],
        })
    }
}
