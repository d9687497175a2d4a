//! `page`, `limit` and `cursor` of lists.

use std::collections::HashMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::local::{error::MuxError, store::Position};

/// The query of a list.
pub(crate) type Query = axum::extract::Query<HashMap<String, String>>;

/// The part of a list that a request wants.
pub(crate) struct Page {
    /// Rows on the page, 1 to 100.
    pub(crate) limit: i64,
    /// Rows before the page.
    pub(crate) offset: i64,
}

impl Page {
    /// Reads `limit` (10 by default, at most 100) and `page` (counted from 1).
    pub(crate) fn from_query(query: &HashMap<String, String>) -> Result<Self, MuxError> {
        let limit = parse_number(query, "limit", 10, 1, 100)?;
        let page = parse_number(query, "page", 1, 1, 1_000_000)?;
        Ok(Self {
            limit,
            offset: (page - 1) * limit,
        })
    }
}

/// Reads a whole number from `least` to `most`; `usual` when it is missing.
fn parse_number(
    query: &HashMap<String, String>,
    name: &str,
    usual: i64,
    least: i64,
    most: i64,
) -> Result<i64, MuxError> {
    match query.get(name) {
        None => Ok(usual),
        Some(text) => match text.parse::<i64>() {
            Ok(number) if (least..=most).contains(&number) => Ok(number),
            _ => Err(MuxError::invalid(format!(
                "{name} must be a number from {least} to {most}"
            ))),
        },
    }
}

/// Returns the cursor of the rows after `position`: base64 of time and id.
pub(crate) fn encode_cursor(position: &Position) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}.{}", position.created_us, position.id))
}

/// Reads a cursor of [`encode_cursor`]; `None` without one, 400 for other text.
pub(crate) fn decode_cursor(query: &HashMap<String, String>) -> Result<Option<Position>, MuxError> {
    let Some(cursor) = query.get("cursor") else {
        return Ok(None);
    };
    let read = || {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let (created, id) = text.split_once('.')?;
        Some(Position {
            created_us: created.parse().ok()?,
            id: id.to_owned(),
        })
    };
    read()
        .map(Some)
        .ok_or_else(|| MuxError::invalid("cursor was invalid"))
}
