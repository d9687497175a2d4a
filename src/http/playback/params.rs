//! `params`: what a caller gives to the provider with a request for playback. The map lists what it takes.
//!
//! In a body it is an object. In a query each member is a parameter of its own, `params[start]=10`, and a value that reads
//! as a number or as `true` or `false` is one.

use serde_json::{Map, Number, Value};

use crate::http::problem::ApiError;
use crate::provider::Provider;

/// Names and values, in the order in which they were given.
pub(super) type Params = Vec<(String, Value)>;

/// Returns the name in a query parameter `params[name]`; `None` for another parameter.
pub(super) fn member_name(key: &str) -> Option<&str> {
    key.strip_prefix("params[")?.strip_suffix(']')
}

/// Reads the value of a query parameter.
pub(super) fn read_value(text: &str) -> Value {
    match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        text => match text.parse::<Number>() {
            Ok(number) => Value::Number(number),
            Err(_) => Value::String(text.to_owned()),
        },
    }
}

/// Reads the member `params` of a body.
pub(super) fn from_body(members: Option<Map<String, Value>>) -> Params {
    members.unwrap_or_default().into_iter().collect()
}

/// Checks that the provider's map takes these parameters.
///
/// # Errors
/// [`ApiError::InvalidRequest`] names the first one that it does not take.
pub(super) fn check_params(provider: &Provider, params: &[(String, Value)]) -> Result<(), ApiError> {
    provider
        .check_params(params)
        .map_err(|error| ApiError::InvalidRequest(format!("params: {}.", error.detail)))
}
