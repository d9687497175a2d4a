//! The content of an event, as administrators see it: masked.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::domain::mask_secrets;

/// What can be shown of an event's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = EventBodyState)]
pub(super) enum BodyState {
    /// `body` is the content, with what gives access to something masked as `***`.
    Masked,
    /// The content is not JSON, and is not shown.
    NotJson,
    /// The content is gone, with its video or its owner.
    Gone,
}

/// Reads the content of an event, masks it, and says what became of it. What cannot be shown is null.
pub(super) fn mask_content(content: Option<&[u8]>) -> (Value, BodyState) {
    let Some(content) = content.filter(|content| !content.is_empty()) else {
        return (Value::Null, BodyState::Gone);
    };
    match serde_json::from_slice(content) {
        Ok(mut body) => {
            mask_secrets(&mut body);
            (body, BodyState::Masked)
        }
        Err(_) => (Value::Null, BodyState::NotJson),
    }
}
