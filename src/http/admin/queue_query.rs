//! What the lists and the bulk replays of inbox and outbox share: the page's size, the span of time, the cursor.

use chrono::{DateTime, Utc};

use crate::http::problem::ApiError;

/// The number of events on a page, where the query names none.
const PAGE_SIZE: u16 = 50;
/// The greatest number of events on a page.
const MAX_PAGE_SIZE: u16 = 100;

/// The words about a span of time that holds nothing.
pub(super) const EMPTY_SPAN: &str = "must be later than since";

/// Returns the size of the page that a query asks for.
pub(super) fn page_size(limit: Option<u16>) -> Result<usize, ApiError> {
    let limit = limit.unwrap_or(PAGE_SIZE);
    if (1..=MAX_PAGE_SIZE).contains(&limit) {
        Ok(usize::from(limit))
    } else {
        Err(ApiError::InvalidRequest(format!(
            "limit must lie in 1 to {MAX_PAGE_SIZE}."
        )))
    }
}

/// Returns whether a span of time can hold an event.
pub(super) fn is_span(since: Option<DateTime<Utc>>, until: Option<DateTime<Utc>>) -> bool {
    since.zip(until).is_none_or(|(since, until)| since < until)
}

/// Refuses a query whose span of time can hold no event.
pub(super) fn check_span(since: Option<DateTime<Utc>>, until: Option<DateTime<Utc>>) -> Result<(), ApiError> {
    if is_span(since, until) {
        Ok(())
    } else {
        Err(ApiError::InvalidRequest(format!("until {EMPTY_SPAN}.")))
    }
}
