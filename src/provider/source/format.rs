//! Notations of durations and times in responses and events.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Value;

use crate::{
    domain::parse_time,
    provider::{template::TemplateValue, vocabulary::FormatWord},
};

/// The kind of value that a source gives. It decides which formats are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ValueKind {
    /// Any JSON value; no format.
    Any,
    /// Seconds.
    Duration,
    /// A point in time.
    Time,
    /// A whole number.
    Integer,
}

/// A notation of a duration or a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// A duration in seconds, as a number or its text.
    Seconds,
    /// A duration in milliseconds, as a number or its text.
    Milliseconds,
    /// A duration such as `01:02:03.5`.
    Hms,
    /// A time as RFC 3339, with the liberties of [`parse_time`].
    Rfc3339,
    /// A time in seconds since 1970.
    UnixS,
    /// A time in milliseconds since 1970.
    UnixMs,
    /// A whole number, or its text.
    Integer,
}

impl Format {
    /// Returns the format that a map calls `word`.
    ///
    /// # Errors
    /// The format is not one of the kind's: the text says which are.
    pub(super) fn compile(word: FormatWord, kind: ValueKind) -> Result<Self, &'static str> {
        let format = match word {
            FormatWord::Seconds => Self::Seconds,
            FormatWord::Milliseconds => Self::Milliseconds,
            FormatWord::Hms => Self::Hms,
            FormatWord::Rfc3339 => Self::Rfc3339,
            FormatWord::UnixS => Self::UnixS,
            FormatWord::UnixMs => Self::UnixMs,
            FormatWord::Integer => Self::Integer,
        };
        let is_duration = matches!(format, Self::Seconds | Self::Milliseconds | Self::Hms);
        match (kind, is_duration) {
            (ValueKind::Integer, _) if format == Self::Integer => Ok(format),
            (ValueKind::Integer, _) => Err("is no format of a number; allowed: integer"),
            (_, _) if format == Self::Integer => Err("only the numbers of a file are an integer"),
            (ValueKind::Duration, true) | (ValueKind::Time, false) => Ok(format),
            (ValueKind::Duration, false) => {
                Err("is no format of a duration; allowed: seconds, milliseconds, hms")
            }
            (ValueKind::Time, true) => Err("is no format of a time; allowed: rfc3339, unix_s, unix_ms"),
            (ValueKind::Any, _) => Err("only durations and times have a format"),
        }
    }

    /// Converts a duration to seconds, or a time to RFC 3339 in UTC with microseconds; `None` where it is unreadable.
    pub(super) fn read_value(self, value: &Value) -> Option<Value> {
        match self {
            Self::Seconds => TemplateValue::from_json(value)?.number().map(Value::from),
            Self::Milliseconds => TemplateValue::from_json(value)?
                .number()
                .map(|ms| Value::from(ms / 1000.0)),
            Self::Hms => value.as_str().and_then(parse_hms).map(Value::from),
            Self::Integer => TemplateValue::from_json(value)?
                .number()
                .filter(|number| number.fract() == 0.0)
                .map(Value::from),
            Self::Rfc3339 | Self::UnixS | Self::UnixMs => self
                .read_time(value)
                .map(|at| Value::String(at.to_rfc3339_opts(SecondsFormat::Micros, true))),
        }
    }

    /// Reads a time; `None` where it is unreadable, or the format is one of durations.
    pub(super) fn read_time(self, value: &Value) -> Option<DateTime<Utc>> {
        match self {
            Self::Rfc3339 => parse_time(value.as_str()?),
            Self::UnixS => time_from_micros(TemplateValue::from_json(value)?.number()? * 1_000_000.0),
            Self::UnixMs => time_from_micros(TemplateValue::from_json(value)?.number()? * 1000.0),
            Self::Seconds | Self::Milliseconds | Self::Hms | Self::Integer => None,
        }
    }
}

/// Converts microseconds since 1970 to a time; `None` outside the years 1970 to 9999, which both databases can store.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn time_from_micros(micros: f64) -> Option<DateTime<Utc>> {
    (0.0..253_402_300_800_000_000.0)
        .contains(&micros)
        .then(|| DateTime::from_timestamp_micros(micros.round() as i64))?
}

/// Parses `hh:mm:ss`, `mm:ss` or `ss`, with or without a fraction, to seconds.
fn parse_hms(text: &str) -> Option<f64> {
    let parts: Vec<&str> = text.trim().split(':').collect();
    if parts.len() > 3 {
        return None;
    }
    parts.into_iter().try_fold(0.0, |sum, part| {
        // Why checked first: `f64` also parses signs, exponents, `inf` and `nan`.
        let plain = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let number: f64 = plain.then(|| part.parse().ok())??;
        Some(sum * 60.0 + number)
    })
}
