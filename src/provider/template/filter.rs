//! What can be done to a value between the braces.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, SecondsFormat};

use super::{hash::HashKey, value::Val};

/// One step of `{name|filter|filter:argument}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Filter {
    /// As it is: not percent-encoded in a URL.
    Raw,
    B64,
    Int,
    Bool,
    /// Seconds to milliseconds.
    Ms,
    /// Unix seconds to RFC 3339.
    Rfc3339,
    /// The last part of a URL's path.
    LastSegment,
    /// One value of a URL's query.
    Query(String),
    /// What stands there when the value is missing.
    Default(String),
    /// The value's keyed hash: always the same for the same value, and telling nothing of it.
    Hash(HashKey),
}

const ALLOWED: &str = "raw, b64, int, bool, ms, rfc3339, last_segment, hash, query:<name>, default:<text>";

impl Filter {
    pub(crate) fn parse(text: &str, key: &HashKey) -> Result<Self, String> {
        match text.split_once(':') {
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
                "hash" => Ok(Self::Hash(key.clone())),
                _ => Err(format!("unknown filter `{text}`; allowed: {ALLOWED}")),
            },
            Some(_) => Err(format!("unknown filter `{text}`; allowed: {ALLOWED}")),
        }
    }

    /// `None` where the value is missing, or is nothing that the filter can work on.
    pub(crate) fn apply<'a>(&'a self, value: Option<Val<'a>>) -> Option<Val<'a>> {
        let value = match (self, value) {
            (Self::Default(text), None) => return Some(Val::Text(Cow::Borrowed(text))),
            (_, value) => value?,
        };
        match self {
            Self::Raw | Self::Default(_) => Some(value),
            Self::B64 => Some(Val::Text(Cow::Owned(STANDARD.encode(value.bytes())))),
            Self::Int => int(value),
            Self::Bool => boolean(&value),
            Self::Ms => whole(value.number()? * 1000.0).map(Val::Int),
            Self::Rfc3339 => {
                let at = DateTime::from_timestamp(whole(value.number()?)?, 0)?;
                Some(Val::Text(Cow::Owned(
                    at.to_rfc3339_opts(SecondsFormat::Secs, true),
                )))
            }
            Self::LastSegment => last_segment(&value.text()).map(|text| Val::Text(Cow::Owned(text))),
            Self::Hash(key) => key.hash(&value.bytes()).map(|text| Val::Text(Cow::Owned(text))),
            Self::Query(name) => query(&value.text(), name).map(|text| Val::Text(Cow::Owned(text))),
        }
    }
}

fn int(value: Val<'_>) -> Option<Val<'_>> {
    match &value {
        Val::Int(_) => Some(value),
        Val::Text(text) => text.trim().parse().ok().map(Val::Int),
        Val::Bool(flag) => Some(Val::Int(i64::from(*flag))),
        _ => whole(value.number()?.trunc()).map(Val::Int),
    }
}

fn boolean<'a>(value: &Val<'_>) -> Option<Val<'a>> {
    match value {
        Val::Bool(flag) => Some(Val::Bool(*flag)),
        Val::Int(whole @ (0 | 1)) => Some(Val::Bool(*whole == 1)),
        Val::Text(text) => match text.as_ref() {
            "true" | "1" => Some(Val::Bool(true)),
            "false" | "0" => Some(Val::Bool(false)),
            _ => None,
        },
        _ => None,
    }
}

/// Rounded; `None` where it does not fit.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn whole(number: f64) -> Option<i64> {
    (number.abs() < 9_007_199_254_740_992.0).then(|| number.round() as i64)
}

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

fn query(url: &str, name: &str) -> Option<String> {
    let query = url.split_once('?')?.1.split('#').next().unwrap_or_default();
    url::form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}
