//! Filters: changes of a value between the braces.

use std::{borrow::Cow, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, SecondsFormat};

use super::{hash::HashKey, value::TemplateValue, words::Words};
use crate::provider::compile::Constants;

/// One step of `{name|filter|filter:argument}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Filter {
    /// Leaves the value as it is, and in a URL without percent-encoding.
    Raw,
    /// Base64 with padding.
    B64,
    /// A whole number; a fraction is cut off.
    Int,
    /// `true` or `false`, also from `1` and `0`.
    Bool,
    /// Seconds to milliseconds.
    Ms,
    /// Unix seconds to RFC 3339 in UTC.
    Rfc3339,
    /// The last segment of a URL's path, decoded.
    LastSegment,
    /// One value of a URL's query, decoded.
    Query(String),
    /// A text that stands in for a missing value.
    Default(String),
    /// The value's [`HashKey::hash_text`]: the same for the same value, and without a trace of it.
    Hash(HashKey),
    /// The word for the value in a table of `[values]`.
    As(Arc<Words>),
}

/// The filters: how each is spelled, and what it gives.
pub(crate) const FILTERS: [(&str, &str); 11] = [
    (
        "raw",
        "the value itself; in a URL without percent-encoding. Refused for values of the request",
    ),
    ("b64", "base64 with padding"),
    ("int", "a whole number; a fraction is cut off"),
    ("bool", "`true` or `false`, also from `1` and `0`"),
    ("ms", "seconds as milliseconds"),
    ("rfc3339", "Unix seconds as RFC 3339 in UTC"),
    ("last_segment", "the last segment of a URL's path, decoded"),
    (
        "hash",
        "a keyed hash: the same for the same value, and nobody can read the value from it",
    ),
    ("query:<name>", "one value of a URL's query, decoded"),
    (
        "as:<table>",
        "the word that this table of `[values]` has for our value, in place of the table of the field's own name. A value \
         that the table lacks is a 422",
    ),
    ("default:<text>", "the text, where the value is missing"),
];

/// The error of a filter that there is not.
fn unknown_filter(text: &str) -> String {
    let allowed = FILTERS.map(|(name, _)| name).join(", ");
    format!("unknown filter `{text}`; allowed: {allowed}")
}

impl Filter {
    /// Parses `filter` or `filter:argument`. The constants have the key of [`Filter::Hash`] and the tables of [`Filter::As`].
    ///
    /// # Errors
    /// Names the filters that there are.
    pub(crate) fn parse(text: &str, constants: &Constants) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("as", name)) => match constants.words.get(name) {
                Some(words) => Ok(Self::As(Arc::clone(words))),
                None => Err(format!("`{text}` names no table of [values]")),
            },
            Some(("query", name)) if !name.is_empty() => Ok(Self::Query(name.to_owned())),
            Some(("default", text)) => Ok(Self::Default(text.to_owned())),
            None => match text {
                "raw" => Ok(Self::Raw),
                "b64" => Ok(Self::B64),
                "int" => Ok(Self::Int),
                "bool" => Ok(Self::Bool),
                "ms" => Ok(Self::Ms),
                "rfc3339" => Ok(Self::Rfc3339),
                "last_segment" => Ok(Self::LastSegment),
                "hash" => Ok(Self::Hash(constants.hash_key.clone())),
                _ => Err(unknown_filter(text)),
            },
            Some(_) => Err(unknown_filter(text)),
        }
    }

    /// Changes a [`TemplateValue`]. `None` if it is missing, or nothing that the filter can work on.
    pub(crate) fn apply<'a>(&'a self, value: Option<TemplateValue<'a>>) -> Option<TemplateValue<'a>> {
        let value = match (self, value) {
            (Self::Default(text), None) => return Some(TemplateValue::Text(Cow::Borrowed(text))),
            (_, value) => value?,
        };
        match self {
            Self::Raw | Self::Default(_) => Some(value),
            Self::B64 => Some(TemplateValue::Text(Cow::Owned(
                STANDARD.encode(value.into_bytes()),
            ))),
            Self::Int => to_int(value),
            Self::Bool => to_bool(&value),
            Self::Ms => round_to_int(value.number()? * 1000.0).map(TemplateValue::Int),
            Self::Rfc3339 => {
                let at = DateTime::from_timestamp(round_to_int(value.number()?)?, 0)?;
                Some(TemplateValue::Text(Cow::Owned(
                    at.to_rfc3339_opts(SecondsFormat::Secs, true),
                )))
            }
            Self::LastSegment => {
                last_segment(&value.into_text()).map(|text| TemplateValue::Text(Cow::Owned(text)))
            }
            Self::As(words) => {
                let text = value.into_text();
                let (_, theirs) = words.iter().find(|(ours, _)| *ours == text)?;
                TemplateValue::from_json(theirs)
            }
            Self::Hash(key) => key
                .hash_text(&value.into_bytes())
                .map(|text| TemplateValue::Text(Cow::Owned(text))),
            Self::Query(name) => {
                query_value(&value.into_text(), name).map(|text| TemplateValue::Text(Cow::Owned(text)))
            }
        }
    }
}

/// Makes a [`TemplateValue::Int`] of a number, a text that is one, or a flag.
fn to_int(value: TemplateValue<'_>) -> Option<TemplateValue<'_>> {
    match &value {
        TemplateValue::Int(_) => Some(value),
        // Why not as a double: it would lose the last digits of a number above 2^53.
        TemplateValue::Text(text) => text.trim().parse().ok().map(TemplateValue::Int),
        TemplateValue::Bool(flag) => Some(TemplateValue::Int(i64::from(*flag))),
        _ => round_to_int(value.number()?.trunc()).map(TemplateValue::Int),
    }
}

/// Makes a [`TemplateValue::Bool`] of a flag, of 0 and 1, or of their texts.
fn to_bool<'a>(value: &TemplateValue<'_>) -> Option<TemplateValue<'a>> {
    match value {
        TemplateValue::Bool(flag) => Some(TemplateValue::Bool(*flag)),
        TemplateValue::Int(whole @ (0 | 1)) => Some(TemplateValue::Bool(*whole == 1)),
        TemplateValue::Text(text) => match text.as_ref() {
            "true" | "1" => Some(TemplateValue::Bool(true)),
            "false" | "0" => Some(TemplateValue::Bool(false)),
            _ => None,
        },
        _ => None,
    }
}

/// Rounds a number; `None` from 2^53 on, where a double has no whole numbers of its own any more.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn round_to_int(number: f64) -> Option<i64> {
    (number.abs() < 9_007_199_254_740_992.0).then(|| number.round() as i64)
}

/// Returns the last segment of a URL's path, percent-decoded; `None` if the path is empty.
fn last_segment(url: &str) -> Option<String> {
    let path = url
        .split(['?', '#'])
        .next()
        .unwrap_or_default()
        .trim_end_matches('/');
    let last = path.rsplit('/').next().filter(|last| !last.is_empty())?;
    percent_encoding::percent_decode_str(last)
        .decode_utf8()
        .ok()
        .map(Cow::into_owned)
}

/// Returns the first value of `name` in a URL's query, decoded.
fn query_value(url: &str, name: &str) -> Option<String> {
    let query = url.split_once('?')?.1.split('#').next().unwrap_or_default();
    url::form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}
