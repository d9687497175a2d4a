//! Values on their way into a template.

use std::borrow::Cow;

use serde_json::Value;

/// A value of a placeholder. A missing one is `None`, and never one of these.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TemplateValue<'a> {
    Text(Cow<'a, str>),
    Int(i64),
    Float(f64),
    Bool(bool),
    /// An array, an object, or a number that is neither an `i64` nor a float.
    Json(Cow<'a, Value>),
    /// The raw body or a header of a webhook delivery.
    Bytes(&'a [u8]),
}

impl<'a> TemplateValue<'a> {
    /// Reads a JSON [`Value`]; `None` for null.
    pub(crate) fn from_json(value: &'a Value) -> Option<Self> {
        match value {
            Value::Null => None,
            Value::Bool(flag) => Some(Self::Bool(*flag)),
            Value::String(text) => Some(Self::Text(Cow::Borrowed(text))),
            // Why three kinds: a whole number beyond an `i64` would lose digits as a float, so it stays JSON.
            Value::Number(number) => Some(match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => Self::Int(whole),
                (None, Some(float)) if number.is_f64() => Self::Float(float),
                _ => Self::Json(Cow::Borrowed(value)),
            }),
            Value::Array(_) | Value::Object(_) => Some(Self::Json(Cow::Borrowed(value))),
        }
    }

    /// Returns a letter for the kind, by which equal texts of two kinds differ in a
    /// [`Jwt::cache_key`](crate::provider::signing::Jwt::cache_key).
    pub(crate) const fn kind_letter(&self) -> char {
        match self {
            Self::Text(_) => 't',
            Self::Int(_) => 'i',
            Self::Float(_) => 'f',
            Self::Bool(_) => 'b',
            Self::Json(_) => 'j',
            Self::Bytes(_) => 'r',
        }
    }

    /// Converts to text: a flag to `true` or `false`, an array or object to compact JSON, bytes with U+FFFD for what is
    /// no UTF-8.
    pub(crate) fn into_text(self) -> Cow<'a, str> {
        match self {
            Self::Text(text) => text,
            Self::Int(whole) => Cow::Owned(whole.to_string()),
            Self::Float(float) => Cow::Owned(float.to_string()),
            Self::Bool(flag) => Cow::Borrowed(if flag { "true" } else { "false" }),
            Self::Json(value) => Cow::Owned(value.to_string()),
            Self::Bytes(bytes) => String::from_utf8_lossy(bytes),
        }
    }

    /// Converts to bytes: those of the text, or the raw ones.
    pub(crate) fn into_bytes(self) -> Cow<'a, [u8]> {
        match self {
            Self::Bytes(bytes) => Cow::Borrowed(bytes),
            other => match other.into_text() {
                Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
                Cow::Owned(text) => Cow::Owned(text.into_bytes()),
            },
        }
    }

    /// Converts to JSON, with the value's own type; bytes become text.
    pub(crate) fn json(self) -> Value {
        match self {
            Self::Int(whole) => whole.into(),
            Self::Float(float) => float.into(),
            Self::Bool(flag) => flag.into(),
            Self::Json(value) => value.into_owned(),
            other => Value::String(other.into_text().into_owned()),
        }
    }

    /// Returns the value as a number; a text is parsed as a finite one. `None` for flags, bytes and all else.
    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "seconds and sizes lie far below 2^53")]
            Self::Int(whole) => Some(*whole as f64),
            Self::Float(float) => Some(*float),
            Self::Text(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
            Self::Json(value) => value.as_f64(),
            Self::Bool(_) | Self::Bytes(_) => None,
        }
    }
}
