//! Lists of the provider that a row keeps as they are: tracks and files.

use serde_json::Value;

/// Bytes of the longest list, as JSON. A longer list is left out.
const LIST_MAX_BYTES: usize = 65_536;

/// Returns true where the list is short enough to be kept in a row, and PostgreSQL takes it.
pub(crate) fn is_storable_list(value: &Value) -> bool {
    let text = value.to_string();
    // Why: PostgreSQL refuses U+0000 in jsonb, escaped or not.
    text.len() <= LIST_MAX_BYTES && !text.contains("\\u0000")
}
