//! Pages of every list: newest first, by keyset, with an opaque cursor.
//!
//! 1. The request's cursor, if any, is read ([`read_cursor`]): the id of the last row of the page before.
//! 2. The store reads the rows below that id, one more than the page has, by which it knows whether there are more.
//! 3. `next_cursor` is written of the id below which the next page begins ([`write_cursor`]): the last one of the page, or the
//!    last one that was looked at.

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
