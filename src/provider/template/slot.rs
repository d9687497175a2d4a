//! The pieces of a compiled template, and the checks of the values that fill them.

use std::borrow::Cow;

use serde_json::Value;

use super::{
    filter::Filter,
    placeholder::{Place, Placeholder},
    scope::Scope,
    track::TrackPart,
    value::TemplateValue,
};
use crate::provider::error::InvalidField;

/// One placeholder with its filters.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    pub(crate) name: Placeholder,
    /// Filters, applied from left to right.
    pub(crate) filters: Vec<Filter>,
}

/// A piece of a compiled template.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    /// A literal.
    Text(String),
    /// A variable: known since the start, and never percent-encoded.
    Const(Value),
    Slot(Slot),
}

impl Slot {
    /// Returns the filtered value; `None` if it is missing, or nothing that a filter can work on.
    ///
    /// # Errors
    /// [`InvalidField`]: `[values]` has no word for a value of the request.
    pub(crate) fn filtered_value<'a>(
        &'a self,
        scope: &Scope<'a>,
    ) -> Result<Option<TemplateValue<'a>>, InvalidField> {
        let mut filters = self.filters.as_slice();
        let mut value = match (&self.name, filters) {
            // Why here: the words are for our value, and the field's own table would give the provider's.
            (Placeholder::Field(ours), [Filter::As(words), rest @ ..]) => {
                filters = rest;
                scope.field_value_as(*ours, words)?
            }
            _ => scope.look_up(&self.name)?,
        };
        for filter in filters {
            value = filter.apply(value);
        }
        Ok(value)
    }

    /// Returns the filtered value.
    ///
    /// # Errors
    /// It is missing, or [`Slot::filtered_value`] failed.
    pub(crate) fn require_value<'a>(&'a self, scope: &Scope<'a>) -> Result<TemplateValue<'a>, InvalidField> {
        self.filtered_value(scope)?.ok_or_else(|| self.missing_error())
    }

    /// The value is a field of the request in the words of a table that the map names ([`Filter::As`]).
    pub(crate) fn has_words(&self) -> bool {
        matches!(
            (&self.name, self.filters.first()),
            (Placeholder::Field(_), Some(Filter::As(_)))
        )
    }

    /// The value is not percent-encoded in a URL ([`Filter::Raw`]).
    pub(crate) fn is_raw(&self) -> bool {
        self.filters.contains(&Filter::Raw)
    }

    /// Returns the field of this service's API that an error of this value names.
    pub(crate) fn api_field(&self) -> &'static str {
        match &self.name {
            Placeholder::Field(ours) => ours.as_str(),
            Placeholder::Id(id) => id.as_str(),
            Placeholder::Track(TrackPart::Language) => "language",
            Placeholder::Track(TrackPart::Name) => "name",
            _ => "provider",
        }
    }

    /// The error of a missing value.
    fn missing_error(&self) -> InvalidField {
        match &self.name {
            Placeholder::Captured(name) => InvalidField::new(
                "provider",
                format!("the provider gave no usable {name} for this video"),
            ),
            _ => InvalidField::new(self.api_field(), "is not known, or nothing that can be used here"),
        }
    }

    /// A [`Filter::Default`] stands among the filters.
    fn has_default(&self) -> bool {
        self.filters
            .iter()
            .any(|filter| matches!(filter, Filter::Default(_)))
    }

    /// Checks that the value cannot be missing ([`Place::can_miss`]), or has a `default:`.
    ///
    /// # Errors
    /// Says which placeholder needs one.
    pub(super) fn check_present(&self, place: &Place) -> Result<(), String> {
        if place.can_miss(&self.name) && !self.has_default() {
            return Err(format!(
                "{} can be missing here: it needs a `default:`",
                self.name.spell_out()
            ));
        }
        Ok(())
    }
}

impl Part {
    /// Returns the [`Slot`], if the part is one.
    pub(super) const fn as_slot(&self) -> Option<&Slot> {
        match self {
            Self::Slot(slot) => Some(slot),
            Self::Text(_) | Self::Const(_) => None,
        }
    }
}

/// Checks a value that goes into a header: printable ASCII only.
///
/// # Errors
/// [`InvalidField`]: names the field, for the caller whose value it is.
pub(crate) fn check_header_value(slot: &Slot, text: &str) -> Result<(), InvalidField> {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return Ok(());
    }
    let detail = "this provider takes it in a header: only printable ASCII characters are allowed";
    Err(InvalidField::new(slot.api_field(), detail))
}

/// Checks a value that goes into a URL's path: it must be a name there, and no step up or down.
///
/// # Errors
/// [`InvalidField`]: it is empty, `.` or `..`.
pub(crate) fn check_path_value(slot: &Slot, text: &str) -> Result<(), InvalidField> {
    if matches!(text, "" | "." | "..") {
        return Err(InvalidField::new(
            slot.api_field(),
            "cannot stand in an address: it is empty, `.` or `..`",
        ));
    }
    Ok(())
}

/// Returns a constant as text: a string without quotes, anything else as JSON.
pub(super) fn constant_text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    }
}
