//! Pages of every list: newest first, by keyset, with an opaque cursor.
//!
//! 1. The request's cursor, if any, is read ([`read_cursor`]): the id of the last row of the page before.
//! 2. The store reads the rows below that id, one more than the page has ([`rows_to_read`]).
//! 3. The page is cut ([`cut_page`]). Its last id becomes `next_cursor` where that one more row was there.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::problem::ApiError;

/// Returns the limit of the store's query for pages of `size` rows: one more, by which a page knows whether it is the
/// last without counting.
pub(crate) fn rows_to_read(size: usize) -> i64 {
    i64::try_from(size + 1).unwrap_or(i64::MAX)
}

/// Cuts `rows` to `size`, and returns them with `next_cursor`; `None` on the last page.
pub(crate) fn cut_page<T>(
    mut rows: Vec<T>,
    size: usize,
    id: impl Fn(&T) -> Uuid,
) -> (Vec<T>, Option<String>) {
    let more = rows.len() > size;
    rows.truncate(size);
    let next_cursor = rows.last().filter(|_| more).map(|last| write_cursor(id(last)));
    (rows, next_cursor)
}

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

/// Writes the cursor behind the row with this id.
pub(crate) fn write_cursor(last: Uuid) -> String {
    URL_SAFE_NO_PAD.encode(last.as_bytes())
}
