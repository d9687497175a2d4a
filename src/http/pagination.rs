//! Pages of every list: by keyset, with an opaque cursor.
//!
//! 1. The request's cursor, if any, is read ([`read_cursor`]): the id of the last row that the page before looked at.
//! 2. The store reads the rows behind that id, one more than the page has, by which it knows whether there is a next page.
//! 3. `next_cursor` is the id of the last row that the page looked at ([`write_cursor`]): the last one shown, or the end of
//!    the rows that a filter without an index was applied to.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::problem::ApiError;

/// Reads the cursor of a request; `None` where it has none.
///
/// # Errors
/// [`ApiError::InvalidCursor`]: the text is not the base64 of a UUID.
pub(crate) fn read_cursor(cursor: Option<&str>) -> Result<Option<Uuid>, ApiError> {
    let read = |text| {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        Uuid::from_slice(&bytes).ok()
    };
    cursor
        .map(|text| read(text).ok_or(ApiError::InvalidCursor))
        .transpose()
}

/// Writes the cursor of the page behind the row `last`.
pub(crate) fn write_cursor(last: Uuid) -> String {
    URL_SAFE_NO_PAD.encode(last.as_bytes())
}
