//! Request bodies: JSON objects, and readers of their fields. Faults are 400 in Mux's words.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
};
use serde_json::{Map, Value};

use crate::local::error::MuxError;

/// Largest body of an API call, in bytes; see [`Body`].
const LIMIT: usize = 256 * 1024;

/// A JSON object of at most [`LIMIT`] bytes; an empty body counts as `{}`.
pub(crate) struct Body(pub(crate) Map<String, Value>);

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = MuxError;

    async fn from_request(request: Request, state: &S) -> Result<Self, MuxError> {
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|_| MuxError::invalid("The body could not be read"))?;
        if bytes.len() > LIMIT {
            return Err(MuxError::invalid("The body is too large"));
        }
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self(Map::new()));
        }
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(map)) => Ok(Self(map)),
            Ok(_) => Err(MuxError::invalid("The body must be a JSON object")),
            Err(_) => Err(MuxError::invalid("The body is not JSON")),
        }
    }
}

/// Reads an optional text of at most `most` characters. A missing field and `null` are `None`.
pub(crate) fn optional_text(
    map: &Map<String, Value>,
    name: &str,
    most: usize,
) -> Result<Option<String>, MuxError> {
    match map.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.contains('\0') => {
            Err(MuxError::invalid(format!("{name} must not contain U+0000")))
        }
        Some(Value::String(text)) if text.chars().count() <= most => Ok(Some(text.clone())),
        Some(Value::String(_)) => Err(MuxError::invalid(format!(
            "{name} must have at most {most} characters"
        ))),
        Some(_) => Err(MuxError::invalid(format!("{name} must be a string"))),
    }
}

/// Reads an optional `true` or `false`. A missing field and `null` are `None`.
pub(crate) fn optional_flag(map: &Map<String, Value>, name: &str) -> Result<Option<bool>, MuxError> {
    match map.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(_) => Err(MuxError::invalid(format!("{name} must be true or false"))),
    }
}

/// Reads an optional number of seconds, 0 or more. A missing field and `null` are `None`.
pub(crate) fn optional_seconds(map: &Map<String, Value>, name: &str) -> Result<Option<f64>, MuxError> {
    match map.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_f64() {
            Some(seconds) if seconds.is_finite() && seconds >= 0.0 => Ok(Some(seconds)),
            _ => Err(MuxError::invalid(format!(
                "{name} must be a number of seconds from 0 on"
            ))),
        },
    }
}

/// Reads an optional text out of the `allowed` ones, by [`optional_text`].
pub(crate) fn optional_choice(
    map: &Map<String, Value>,
    name: &str,
    allowed: &[&str],
) -> Result<Option<String>, MuxError> {
    let Some(text) = optional_text(map, name, usize::MAX)? else {
        return Ok(None);
    };
    if allowed.contains(&text.as_str()) {
        return Ok(Some(text));
    }
    Err(MuxError::invalid(format!(
        "{name} must be one of {}",
        allowed.join(", ")
    )))
}
