//! How providers write durations and times.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Value;

use super::Kind;
use crate::{
    domain::parse_time,
    provider::{compile::Reader, error::MapError, template::Val},
};

/// A way to write a duration or a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Seconds,
    Milliseconds,
    /// `01:02:03.5`.
    Hms,
    Rfc3339,
    UnixS,
    UnixMs,
}

const DURATIONS: [(&str, Format); 3] = [
    ("seconds", Format::Seconds),
    ("milliseconds", Format::Milliseconds),
    ("hms", Format::Hms),
];
const TIMES: [(&str, Format); 3] = [
    ("rfc3339", Format::Rfc3339),
    ("unix_s", Format::UnixS),
    ("unix_ms", Format::UnixMs),
];

impl Format {
    /// The `format` of a source's table; the first of its kind where none is written.
    pub(super) fn read(table: &mut Reader, kind: Kind) -> Result<Option<Self>, MapError> {
        match kind {
            Kind::Duration => table.choice("format", &DURATIONS),
            Kind::Time => table.choice("format", &TIMES),
            Kind::Any if table.has("format") => {
                Err(table.error("format", "only durations and times have a format"))
            }
            Kind::Any => Ok(None),
        }
    }

    /// Seconds as a number, or a time as RFC 3339 with microseconds; `None` where it cannot be read.
    pub(super) fn read_value(self, value: &Value) -> Option<Value> {
        match self {
            Self::Seconds => Val::of(value)?.number().map(Value::from),
            Self::Milliseconds => Val::of(value)?.number().map(|ms| Value::from(ms / 1000.0)),
            Self::Hms => value.as_str().and_then(hms).map(Value::from),
            Self::Rfc3339 | Self::UnixS | Self::UnixMs => self
                .time(value)
                .map(|at| Value::String(at.to_rfc3339_opts(SecondsFormat::Micros, true))),
        }
    }

    /// A time; `None` where it cannot be read.
    pub(crate) fn time(self, value: &Value) -> Option<DateTime<Utc>> {
        match self {
            Self::Rfc3339 => parse_time(value.as_str()?),
            Self::UnixS => micros(Val::of(value)?.number()? * 1_000_000.0),
            Self::UnixMs => micros(Val::of(value)?.number()? * 1000.0),
            Self::Seconds | Self::Milliseconds | Self::Hms => None,
        }
    }
}

/// Years 1970 to 9999: what both databases keep.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn micros(micros: f64) -> Option<DateTime<Utc>> {
    (0.0..253_402_300_800_000_000.0)
        .contains(&micros)
        .then(|| DateTime::from_timestamp_micros(micros.round() as i64))?
}

/// `hh:mm:ss`, `mm:ss` or `ss`, seconds with a fraction.
fn hms(text: &str) -> Option<f64> {
    let parts: Vec<&str> = text.trim().split(':').collect();
    if parts.len() > 3 {
        return None;
    }
    parts.into_iter().try_fold(0.0, |sum, part| {
        let plain = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let number: f64 = plain.then(|| part.parse().ok())??;
        Some(sum * 60.0 + number)
    })
}
