//! The envelope of a response, and the check of ids in a path.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use crate::local::{error::MuxError, ids};

/// Returns `{"data": …}` with `status`.
pub(super) fn data_response(status: StatusCode, value: &Value) -> Response {
    (status, Json(json!({ "data": value }))).into_response()
}

/// Checks an id from a path by [`ids::is_id`]; 400 for text that cannot be an id of this provider, in Mux's words.
/// `what` names the object in the message.
pub(super) fn check_id<'a>(id: &'a str, what: &str) -> Result<&'a str, MuxError> {
    if ids::is_id(id) {
        return Ok(id);
    }
    let shown: String = id.chars().take(64).collect();
    Err(MuxError::invalid(format!("{what} id \"{shown}\" was invalid")))
}
