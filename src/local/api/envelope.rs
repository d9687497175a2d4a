//! The envelope of a response, and the check of ids in a path.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use crate::local::{error::MuxError, ids};

/// `{"data": …}`.
pub(super) fn data_response(status: StatusCode, value: &Value) -> Response {
    (status, Json(json!({ "data": value }))).into_response()
}

/// An id from a path: one that is not of our making "was invalid", as Mux says.
pub(super) fn check_id<'a>(id: &'a str, what: &str) -> Result<&'a str, MuxError> {
    if ids::is_id(id) {
        return Ok(id);
    }
    let shown: String = id.chars().take(64).collect();
    Err(MuxError::invalid(format!("{what} id \"{shown}\" was invalid")))
}
