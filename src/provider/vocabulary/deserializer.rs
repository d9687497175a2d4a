//! The serde deserializer of a parsed TOML value, with faults in the words of a map's author.
//!
//! A table whose type is an enum is tagged by its key `kind`. The deserializer takes the key out and reads the other
//! keys as the variant's own table.
// Why not serde's internally tagged enums: they copy the table aside, and an error inside loses its path.

use serde::{
    Deserializer,
    de::{
        DeserializeSeed, EnumAccess, Error as _, IntoDeserializer, Unexpected, VariantAccess, Visitor,
        value::{MapDeserializer, SeqDeserializer, StringDeserializer},
    },
    forward_to_deserialize_any,
};
use toml::Value;

use super::fault::Fault;

/// The name of the key that tags a table.
const KIND: &str = "kind";

/// A TOML value that is read as a declared type.
pub(super) struct Declared(pub(super) Value);

impl IntoDeserializer<'_, Fault> for Declared {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Declared {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.0 {
            Value::String(text) => visitor.visit_string(text),
            Value::Integer(number) => visitor.visit_i64(number),
            Value::Float(number) => visitor.visit_f64(number),
            Value::Boolean(flag) => visitor.visit_bool(flag),
            // Why a text: maps compare with JSON, which has no dates.
            Value::Datetime(time) => visitor.visit_string(time.to_string()),
            Value::Array(items) => visitor.visit_seq(SeqDeserializer::new(items.into_iter().map(Declared))),
            Value::Table(table) => visitor.visit_map(MapDeserializer::new(
                table.into_iter().map(|(key, value)| (key, Declared(value))),
            )),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match self.0 {
            Value::String(word) => visitor.visit_enum(word.into_deserializer()),
            Value::Table(mut table) => match table.remove(KIND) {
                Some(Value::String(kind)) => visitor.visit_enum(Tagged {
                    kind,
                    rest: Declared(Value::Table(table)),
                }),
                Some(other) => Err(Fault::custom(format_args!(
                    "kind must be a text, not a {}",
                    other.type_str()
                ))),
                None => Err(Fault::missing_kind(variants)),
            },
            other => Err(Fault::invalid_type(unexpected(&other), &"a text or a table")),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

/// A table with its `kind` taken out.
struct Tagged {
    kind: String,
    rest: Declared,
}

impl<'de> EnumAccess<'de> for Tagged {
    type Error = Fault;
    type Variant = Declared;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Declared), Fault> {
        let kind: StringDeserializer<Fault> = self.kind.into_deserializer();
        let kind = seed.deserialize(kind).map_err(|mut fault| {
            fault.key = Some(KIND.to_owned());
            fault
        })?;
        Ok((kind, self.rest))
    }
}

impl<'de> VariantAccess<'de> for Declared {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        match self.0 {
            Value::Table(table) => match table.keys().next() {
                Some(key) => Err(Fault::unknown_field(key, &[KIND])),
                None => Ok(()),
            },
            other => Err(Fault::invalid_type(unexpected(&other), &"a table")),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Fault> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _length: usize, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_any(visitor)
    }
}

/// Returns serde's name for the type of a value.
fn unexpected(value: &Value) -> Unexpected<'_> {
    match value {
        Value::String(text) => Unexpected::Str(text),
        Value::Integer(number) => Unexpected::Signed(*number),
        Value::Float(number) => Unexpected::Float(*number),
        Value::Boolean(flag) => Unexpected::Bool(*flag),
        Value::Datetime(_) => Unexpected::Other("a date"),
        Value::Array(_) => Unexpected::Seq,
        Value::Table(_) => Unexpected::Map,
    }
}
