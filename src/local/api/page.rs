//! `page`, `limit` and `cursor` of lists.

use std::collections::HashMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::local::{error::MuxError, store::Position};

/// The query of a list.
pub(crate) type Query = axum::extract::Query<HashMap<String, String>>;

/// Which part of a list is asked for.
pub(crate) struct Page {
    /// Rows on a page.
    pub(crate) limit: i64,
    /// Rows before it.
    pub(crate) offset: i64,
}

impl Page {
    /// `limit` 10 unless said, at most 100; `page` counts from 1.
    pub(crate) fn from_query(query: &HashMap<String, String>) -> Result<Self, MuxError> {
        let limit = parse_number(query, "limit", 10, 1, 100)?;
        let page = parse_number(query, "page", 1, 1, 1_000_000)?;
        Ok(Self {
            limit,
            offset: (page - 1) * limit,
        })
    }
}

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

/// A cursor for what comes after `position`.
pub(crate) fn encode_cursor(position: &Position) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}.{}", position.created_us, position.id))
}

/// Reads a cursor of ours.
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
