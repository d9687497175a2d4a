//! Templates: `"{name|filter}"`, compiled at start to parts, filled in without ever expanding a value twice.

mod address;
mod filter;
mod hash;
mod json;
mod name;
mod parse;
mod scope;

mod value;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub(crate) use address::{UrlTemplate, encode, path_safe};
pub(crate) use filter::Filter;
pub use hash::HashKey;
pub(crate) use json::JsonTemplate;
pub(crate) use name::{Id, Name, Ours, OursWhere, Place, is_built_in};
use parse::parts;
pub(crate) use scope::{Arrived, Scope, ValueTables};
use serde_json::Value;

pub(crate) use value::Val;

use super::{compile::Constants, error::InvalidField};

/// One placeholder with its filters.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    pub(crate) name: Name,
    pub(crate) filters: Vec<Filter>,
}

/// A piece of a compiled template.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    Text(String),
    /// A variable: known since the start, and never encoded.
    Const(Value),
    Slot(Slot),
}

/// A compiled template that gives text.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    parts: Vec<Part>,
}

impl Slot {
    /// The filtered value; `None` where it is missing.
    pub(crate) fn value<'a>(&'a self, scope: &Scope<'a>) -> Result<Option<Val<'a>>, InvalidField> {
        let mut value = scope.value(&self.name)?;
        for filter in &self.filters {
            value = filter.apply(value);
        }
        Ok(value)
    }

    /// The filtered value; missing is an error.
    pub(crate) fn need<'a>(&'a self, scope: &Scope<'a>) -> Result<Val<'a>, InvalidField> {
        self.value(scope)?.ok_or_else(|| self.missing())
    }

    pub(crate) fn is_raw(&self) -> bool {
        self.filters.contains(&Filter::Raw)
    }

    /// The field of our API that this is about, for complaints.
    pub(crate) fn field(&self) -> &'static str {
        match &self.name {
            Name::Ours(ours) => ours.as_str(),
            Name::Id(id) => id.as_str(),
            _ => "provider",
        }
    }

    pub(crate) fn missing(&self) -> InvalidField {
        match &self.name {
            Name::Captured(name) => InvalidField::new(
                "provider",
                format!("the provider gave no usable {name} for this video"),
            ),
            _ => InvalidField::new(self.field(), "is not known, or nothing that can be used here"),
        }
    }

    fn has_default(&self) -> bool {
        self.filters
            .iter()
            .any(|filter| matches!(filter, Filter::Default(_)))
    }
}

impl Template {
    /// Compiles `text` for a place where every value must be there.
    pub(crate) fn compile(text: &str, place: &Place, constants: &Constants) -> Result<Self, String> {
        let this = Self {
            parts: parts(text, place, constants)?,
        };
        this.slots().try_for_each(|slot| certain(slot, place))?;
        Ok(this)
    }

    pub(crate) fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.parts.iter().filter_map(|part| match part {
            Part::Slot(slot) => Some(slot),
            Part::Text(_) | Part::Const(_) => None,
        })
    }

    pub(crate) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The text with every value filled in.
    pub(crate) fn text(&self, scope: &Scope<'_>) -> Result<String, InvalidField> {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Const(value) => out.push_str(&const_text(value)),
                Part::Slot(slot) => out.push_str(&slot.need(scope)?.text()),
            }
        }
        Ok(out)
    }

    /// The text, refused where it holds what no header may hold.
    pub(crate) fn header(&self, scope: &Scope<'_>) -> Result<String, InvalidField> {
        for slot in self.slots() {
            header_safe(slot, &slot.need(scope)?.text())?;
        }
        self.text(scope)
    }

    /// Feeds the template piece by piece to `sink`, so that a large body is never copied.
    pub(crate) fn feed(&self, scope: &Scope<'_>, sink: &mut dyn FnMut(&[u8])) -> Result<(), InvalidField> {
        for part in &self.parts {
            match part {
                Part::Text(text) => sink(text.as_bytes()),
                Part::Const(value) => sink(const_text(value).as_bytes()),
                Part::Slot(slot) => sink(&slot.need(scope)?.bytes()),
            }
        }
        Ok(())
    }
}

/// Refuses control and non-ASCII characters, naming the field.
pub(crate) fn header_safe(slot: &Slot, text: &str) -> Result<(), InvalidField> {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return Ok(());
    }
    let detail = "this provider takes it in a header: only printable ASCII characters are allowed";
    Err(InvalidField::new(slot.field(), detail))
}

/// A constant as text.
pub(crate) fn const_text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    }
}

/// Where a value can be missing, the map must say what stands there instead.
pub(crate) fn certain(slot: &Slot, place: &Place) -> Result<(), String> {
    if place.can_miss(&slot.name) && !slot.has_default() {
        return Err(format!(
            "{} can be missing here: it needs a `default:`",
            describe(&slot.name)
        ));
    }
    Ok(())
}

/// The placeholder as the map spells it.
pub(crate) fn describe(name: &Name) -> String {
    let text = match name {
        Name::Secret(name, _) => format!("secrets.{name}"),
        Name::Ours(ours) => ours.as_str().to_owned(),
        Name::Id(id) => id.as_str().to_owned(),
        Name::Captured(name) => name.clone(),
        Name::Now => "now".to_owned(),
        Name::Expires => "expires".to_owned(),
        Name::TtlS => "ttl_s".to_owned(),
        Name::Token(name) => format!("token.{name}"),
        Name::Signature => "signature".to_owned(),
        Name::Timestamp => "timestamp".to_owned(),
        Name::Body => "body".to_owned(),
        Name::Page => "page".to_owned(),
        Name::Cursor => "cursor".to_owned(),
        Name::Header(name) => format!("header:{name}"),
    };
    format!("{{{text}}}")
}
