//! Excerpts: the parts of a JSON document that a map reads. The rest is skipped by the parser and never built.
//!
//! An [`Outline`] is made once from all pointers of a map, and parses every webhook event. While the event is in memory
//! its [`Excerpt`](crate::domain::Excerpt) goes along, so that its translation needs no second parse.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::pointer::Pointer;

/// A tree of the places that [`Pointer`]s name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outline {
    /// A pointer ends here: everything below is wanted.
    whole: bool,
    /// Wanted members by name, for an object at this place.
    members: Vec<(String, Outline)>,
}

impl Outline {
    /// Builds the tree of all places that the [`Pointer`]s name, as far as [`Pointer::keys`] goes.
    pub(crate) fn from_pointers<'a>(pointers: impl Iterator<Item = &'a Pointer>) -> Self {
        let mut root = Self::default();
        for pointer in pointers {
            let end = pointer.keys().fold(&mut root, Self::member_mut);
            end.whole = true;
        }
        root
    }

    /// Returns the tree below the member `key`, made where it is missing.
    fn member_mut(&mut self, key: &str) -> &mut Self {
        let index = self.members.iter().position(|(name, _)| name == key);
        let index = index.unwrap_or_else(|| {
            self.members.push((key.to_owned(), Self::default()));
            self.members.len() - 1
        });
        &mut self.members[index].1
    }

    /// Parses `text` to an excerpt in which every pointer of this outline finds the same value as in the whole
    /// document.
    ///
    /// # Errors
    /// The text is no JSON. Skipped parts are checked too.
    pub(crate) fn parse(&self, text: &[u8]) -> Result<Value, serde_json::Error> {
        let mut from = serde_json::Deserializer::from_slice(text);
        let value = self.deserialize(&mut from)?;
        // Why: without it text after the document would pass.
        from.end()?;
        Ok(value)
    }
}

impl<'de> DeserializeSeed<'de> for &Outline {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        if self.whole {
            return serde::Deserialize::deserialize(from);
        }
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &Outline {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(found) = from.next_key_seed(Member(self))? {
            match found {
                Some((name, outline)) => drop(map.insert(name.clone(), from.next_value_seed(outline)?)),
                None => drop(from.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Value::Object(map))
    }

    /// Keeps an array whole, since a `[key=value]` segment finds its element by what the elements hold.
    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = from.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        // Why null: as serde_json's own `Value` does. JSON has no such number.
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
}

/// Looks up which of the wanted members a key is, without a copy of the key.
struct Member<'a>(&'a Outline);

impl<'de, 'a> DeserializeSeed<'de> for Member<'a> {
    type Value = Option<&'a (String, Outline)>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_str(self)
    }
}

impl<'a> Visitor<'_> for Member<'a> {
    type Value = Option<&'a (String, Outline)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's name")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.members.iter().find(|(name, _)| name == key))
    }
}

#[cfg(test)]
mod tests;
