//! What counts as a value in a document, and the hash of several values.

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::Value;

use crate::provider::{pointer::Pointer, template::Scope};

/// Returns false for null, `""`, `[]` and `{}`.
pub(super) fn is_filled(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => !map.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

/// Returns the hex SHA-256 of the compact JSON array of the values in order, with null for a missing one.
pub(super) fn hash_values(pointers: &[Pointer], json: &Value, scope: &Scope<'_>) -> Value {
    let values = pointers
        .iter()
        .map(|pointer| pointer.get(json, scope).cloned().unwrap_or(Value::Null));
    // Why as JSON: joined without quotes, values such as `a,b` and `c` could give the hash of `a` and `b,c`.
    let text = Value::Array(values.collect()).to_string();
    Value::String(hex::encode(digest(&SHA256, text.as_bytes())))
}
