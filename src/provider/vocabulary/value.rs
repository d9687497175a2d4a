//! Values that stand under keys of many tables.

use std::{borrow::Cow, fmt, marker::PhantomData};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, MapAccess, SeqAccess, Unexpected, Visitor},
};

/// A table whose keys are the map's own names, in the order of the file.
#[derive(Clone, Debug)]
pub(crate) struct Entries<T>(pub(crate) Vec<(String, T)>);

/// A value of any TOML type.
#[derive(Clone, Debug)]
pub(crate) struct TomlValue(pub(crate) toml::Value);

/// A text, or a whole number or `true`/`false` that stands for its text.
#[derive(Clone, Debug)]
pub(crate) struct Scalar(pub(crate) String);

/// A text, a number, or `true`/`false`.
#[derive(Clone, Debug)]
pub(crate) struct Constant(pub(crate) toml::Value);

/// A number above 0.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Positive(pub(crate) f64);

/// An HTTP status, 100 to 599.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HttpStatus(pub(crate) u16);

/// One value or a list of them.
#[derive(Clone, Debug)]
pub(crate) struct OneOrMany<T>(pub(crate) Vec<T>);

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> IntoIterator for Entries<T> {
    type Item = (String, T);
    type IntoIter = std::vec::IntoIter<(String, T)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl TomlValue {
    /// Returns the value as JSON; a date becomes its text.
    pub(crate) fn json(self) -> serde_json::Value {
        to_json(self.0)
    }
}

/// Returns a TOML value as JSON; a date becomes its text.
pub(crate) fn to_json(value: toml::Value) -> serde_json::Value {
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(flag) => flag.into(),
        toml::Value::Datetime(time) => time.to_string().into(),
        toml::Value::Array(items) => items.into_iter().map(to_json).collect(),
        toml::Value::Table(table) => {
            let members = table.into_iter().map(|(key, value)| (key, to_json(value)));
            serde_json::Value::Object(members.collect())
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TableVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for TableVisitor<T> {
            type Value = Entries<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut table: A) -> Result<Entries<T>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = table.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(TableVisitor(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for Entries<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("TableOf{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<T>();
        json_schema!({ "type": "object", "additionalProperties": value })
    }
}

impl<'de> Deserialize<'de> for TomlValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        toml::Value::deserialize(deserializer).map(Self)
    }
}

impl JsonSchema for TomlValue {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Any".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        true.into()
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match TomlValue::deserialize(deserializer)?.0 {
            toml::Value::String(text) => Ok(Self(text)),
            toml::Value::Integer(number) => Ok(Self(number.to_string())),
            toml::Value::Boolean(flag) => Ok(Self(flag.to_string())),
            other => Err(D::Error::custom(format_args!(
                "must be a text, not a {}",
                other.type_str()
            ))),
        }
    }
}

impl JsonSchema for Scalar {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Scalar".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "integer", "boolean"] })
    }
}

impl<'de> Deserialize<'de> for Constant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match TomlValue::deserialize(deserializer)?.0 {
            other @ (toml::Value::Table(_) | toml::Value::Array(_)) => Err(D::Error::custom(format_args!(
                "must be a text, number or true/false, not a {}",
                other.type_str()
            ))),
            value => Ok(Self(value)),
        }
    }
}

impl JsonSchema for Constant {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Constant".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "number", "boolean"] })
    }
}

impl<'de> Deserialize<'de> for Positive {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = match TomlValue::deserialize(deserializer)?.0 {
            toml::Value::Float(number) => number,
            #[expect(clippy::cast_precision_loss, reason = "rates and times are small")]
            toml::Value::Integer(number) => number as f64,
            other => {
                return Err(D::Error::custom(format_args!(
                    "must be a number above 0, not a {}",
                    other.type_str()
                )));
            }
        };
        if number.is_finite() && number > 0.0 {
            Ok(Self(number))
        } else {
            Err(D::Error::custom("must be a number above 0"))
        }
    }
}

impl JsonSchema for Positive {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Positive".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number", "exclusiveMinimum": 0 })
    }
}

impl<'de> Deserialize<'de> for HttpStatus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = TomlValue::deserialize(deserializer)?.0;
        let status = value.as_integer().and_then(|status| u16::try_from(status).ok());
        match status.filter(|status| (100..=599).contains(status)) {
            Some(status) => Ok(Self(status)),
            None => Err(D::Error::custom(format_args!(
                "{value} is no HTTP status; allowed: 100 to 599"
            ))),
        }
    }
}

impl JsonSchema for HttpStatus {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "HttpStatus".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 100, "maximum": 599 })
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> ListVisitor<T> {
            fn one<E: Error>(value: impl serde::de::IntoDeserializer<'de, E>) -> Result<OneOrMany<T>, E> {
                T::deserialize(value.into_deserializer()).map(|one| OneOrMany(vec![one]))
            }
        }
        impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
            type Value = OneOrMany<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("one value or a list of them")
            }

            fn visit_string<E: Error>(self, text: String) -> Result<Self::Value, E> {
                Self::one(text)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Self::one(text.to_owned())
            }

            fn visit_bool<E: Error>(self, flag: bool) -> Result<Self::Value, E> {
                Self::one(flag)
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
                Self::one(number)
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
                Self::one(number)
            }

            fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
                Err(A::Error::invalid_type(Unexpected::Map, &self))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element()? {
                    items.push(item);
                }
                Ok(OneOrMany(items))
            }
        }
        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for OneOrMany<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("OneOrMany{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [one.clone(), { "type": "array", "items": one }] })
    }
}
