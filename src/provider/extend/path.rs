//! [`MapPath`]: the dotted path of a value in a map, as `[set]` and `remove` write it.

use std::{cmp::Ordering, fmt};

/// A path such as `upload.steps.1.body` or `webhook.on.1.when."/type"`: at least two segments, none of them empty.
///
/// A segment is a key of a table, or the number of an element of a list, from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::provider) struct MapPath(Vec<String>);

impl MapPath {
    /// Parses a path. A segment of other characters than `a-z A-Z 0-9 _ -` stands in quotes, with `\"` and `\\` in it.
    ///
    /// # Errors
    /// The text says what is wrong and what is allowed.
    pub(in crate::provider) fn parse(text: &str) -> Result<Self, String> {
        let mut segments = Vec::new();
        let mut rest = text;
        loop {
            let (segment, after) = match rest.strip_prefix('"') {
                Some(quoted) => parse_quoted(quoted)?,
                None => parse_bare(rest),
            };
            if segment.is_empty() {
                return Err("a segment of the path is empty".to_owned());
            }
            segments.push(segment);
            match after.strip_prefix('.') {
                Some(next) => rest = next,
                None if after.is_empty() => break,
                None => {
                    return Err(format!(
                        "`{after}` cannot stand there: segments are separated by dots, and one of other characters than \
                         letters, digits, _ and - stands in quotes"
                    ));
                }
            }
        }
        if segments.len() < 2 {
            return Err(
                "names a whole table: a path has at least two segments, in quotes, such as \"vars.api\""
                    .to_owned(),
            );
        }
        Ok(Self(segments))
    }

    /// Returns the segments.
    pub(in crate::provider) fn segments(&self) -> &[String] {
        &self.0
    }

    /// Returns true where one of the paths leads to the other, or both are the same.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(one, other)| one == other)
    }

    /// Compares segment by segment, numbers by their value: the order in which elements can be added to a list. Elements
    /// can be removed in the opposite order.
    pub(super) fn cmp_in_order(&self, other: &Self) -> Ordering {
        let by_segment = self.0.iter().zip(&other.0).map(|(one, other)| {
            match (one.parse::<usize>(), other.parse::<usize>()) {
                (Ok(one), Ok(other)) => one.cmp(&other),
                _ => one.cmp(other),
            }
        });
        by_segment
            .reduce(Ordering::then)
            .unwrap_or(Ordering::Equal)
            .then(self.0.len().cmp(&other.0.len()))
    }
}

impl fmt::Display for MapPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&join(&self.0))
    }
}

/// Writes segments as [`MapPath::parse`] reads them.
pub(super) fn join(segments: &[String]) -> String {
    let shown = segments.iter().map(|segment| quote(segment));
    shown.collect::<Vec<_>>().join(".")
}

/// Returns a key as TOML and paths write it.
pub(super) fn quote(key: &str) -> String {
    if !key.is_empty() && key.bytes().all(is_bare) {
        key.to_owned()
    } else {
        format!("\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

const fn is_bare(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

/// Splits off the segment at the begin of `text`.
fn parse_bare(text: &str) -> (String, &str) {
    let end = text.bytes().position(|byte| !is_bare(byte)).unwrap_or(text.len());
    (text[..end].to_owned(), &text[end..])
}

/// Splits off the segment at the begin of `text`, which stands behind an opening quote.
fn parse_quoted(text: &str) -> Result<(String, &str), String> {
    let mut segment = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Ok((segment, &text[at + 1..])),
            '\\' => match characters.next() {
                Some((_, escaped @ ('"' | '\\'))) => segment.push(escaped),
                _ => return Err("`\\` stands before `\"` or `\\` alone".to_owned()),
            },
            other => segment.push(other),
        }
    }
    Err("a quoted segment is not closed".to_owned())
}
