//! JSON templates: bodies and claims, written as TOML.

use serde_json::{Map, Value};

use super::{
    parse::parse_parts,
    placeholder::{Place, Placeholder},
    scope::Scope,
    slot::{Part, Slot},
    text::Template,
    value::TemplateValue,
};
use crate::provider::{compile::Constants, error::InvalidField, vocabulary::to_json};

/// A JSON value with placeholders in its texts.
#[derive(Clone, Debug)]
pub(crate) enum JsonTemplate {
    /// A value without placeholders.
    Const(Value),
    /// Exactly one placeholder ([`Slot`]): it keeps the value's type, and drops its key or its place if the value is
    /// missing.
    Slot(Slot),
    /// A [`Template`], all of whose placeholders must have a value.
    Text(Template),
    Array(Vec<JsonTemplate>),
    Object(Vec<(String, JsonTemplate)>),
}

impl JsonTemplate {
    /// Compiles a TOML value.
    ///
    /// # Errors
    /// The path of keys, and the error of [`Template::compile`].
    pub(crate) fn compile(value: toml::Value, place: &Place, constants: &Constants) -> Result<Self, String> {
        match value {
            toml::Value::String(text) => compile_text(&text, place, constants),
            toml::Value::Array(items) => {
                let items = items
                    .into_iter()
                    .map(|item| Self::compile(item, place, constants));
                Ok(Self::Array(items.collect::<Result<_, _>>()?))
            }
            toml::Value::Table(table) => {
                let entries = table.into_iter().map(|(key, value)| {
                    let inner =
                        Self::compile(value, place, constants).map_err(|what| format!("{key}: {what}"))?;
                    Ok((key, inner))
                });
                Ok(Self::Object(entries.collect::<Result<_, String>>()?))
            }
            other => Ok(Self::Const(to_json(other))),
        }
    }

    /// Renders the value. `None` if nothing is left of it: its placeholder has no value, or all its members are
    /// dropped.
    ///
    /// # Errors
    /// [`InvalidField`]: a value in a text is missing, or `[values]` has no word for one.
    pub(crate) fn render(&self, scope: &Scope<'_>) -> Result<Option<Value>, InvalidField> {
        Ok(match self {
            Self::Const(value) => Some(value.clone()),
            Self::Slot(slot) => slot.filtered_value(scope)?.map(TemplateValue::json),
            Self::Text(template) => Some(Value::String(template.text(scope)?)),
            Self::Array(items) => {
                let mut out = Vec::with_capacity(items.len());
                for item in items {
                    out.extend(item.render(scope)?);
                }
                Some(Value::Array(out))
            }
            Self::Object(entries) => {
                let mut out = Map::new();
                for (key, value) in entries {
                    if let Some(value) = value.render(scope)? {
                        out.insert(key.clone(), value);
                    }
                }
                // Why: a table that the map left empty is meant so; one whose members are all dropped is not.
                (entries.is_empty() || !out.is_empty()).then_some(Value::Object(out))
            }
        })
    }

    /// Returns every placeholder in the value, as a [`Slot`].
    pub(crate) fn slots(&self) -> Vec<&Slot> {
        match self {
            Self::Const(_) => Vec::new(),
            Self::Slot(slot) => vec![slot],
            Self::Text(template) => template.slots().collect(),
            Self::Array(items) => items.iter().flat_map(Self::slots).collect(),
            Self::Object(entries) => entries.iter().flat_map(|(_, value)| value.slots()).collect(),
        }
    }

    /// Returns every [`Placeholder`] in the value.
    pub(crate) fn placeholders(&self) -> Vec<&Placeholder> {
        self.slots().into_iter().map(|slot| &slot.name).collect()
    }
}

/// Compiles a string of the TOML into a [`JsonTemplate`] without members.
fn compile_text(text: &str, place: &Place, constants: &Constants) -> Result<JsonTemplate, String> {
    let mut found = parse_parts(text, place, constants)?;
    // Why: `""` in the map is an empty text, and no missing value.
    if found.is_empty() {
        return Ok(JsonTemplate::Const(Value::String(String::new())));
    }
    if found.len() == 1 {
        match found.pop() {
            Some(Part::Slot(slot)) => return Ok(JsonTemplate::Slot(slot)),
            Some(Part::Const(value)) => return Ok(JsonTemplate::Const(value)),
            Some(Part::Text(text)) => return Ok(JsonTemplate::Const(Value::String(text))),
            None => {}
        }
    }
    Ok(JsonTemplate::Text(Template::from_parts(found, place)?))
}
