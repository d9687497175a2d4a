//! Limits on the members of a video that callers set: the same for a new upload and for a change.

use chrono::{DateTime, Datelike, Utc};
use serde_json::{Map, Value};

use crate::http::problem::FieldProblem;

/// Checks title (at most 512 characters), external id (128), metadata (4096 bytes as JSON) and thumbnail time (0 to 10
/// million seconds). Returns a problem for each that is not acceptable.
pub(crate) fn check_members(
    title: Option<&str>,
    external_id: Option<&str>,
    metadata: Option<&Map<String, Value>>,
    thumbnail_time: Option<f64>,
) -> Vec<FieldProblem> {
    let mut problems = Vec::new();
    problems.extend(check_text("title", title, 512));
    problems.extend(check_text("external_id", external_id, 128));
    let size = metadata
        .and_then(|metadata| serde_json::to_vec(metadata).ok())
        .map_or(0, |bytes| bytes.len());
    if size > 4096 {
        problems.push(FieldProblem::new(
            "metadata",
            format!("must have at most 4096 bytes as JSON, has {size}"),
        ));
    }
    if thumbnail_time.is_some_and(|time| !(0.0..=1e7).contains(&time)) {
        problems.push(FieldProblem::new("thumbnail_time", "must be seconds, 0 or more"));
    }
    problems
}

/// Checks that the time, where there is one, is still to come, and that its year has four digits.
pub(crate) fn check_delete_at(delete_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<FieldProblem> {
    let delete_at = delete_at?;
    let detail = if delete_at <= now {
        "must be a time to come"
    } else if delete_at.year() > 9999 {
        "must be a time before the year 10000"
    } else {
        return None;
    };
    Some(FieldProblem::new("delete_at", detail))
}

/// Cuts a time to microseconds, as both databases keep it.
pub(crate) fn cut_to_micros(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(at.timestamp_micros()).unwrap_or(at)
}

/// Checks that the text, where there is one, has at most `most` characters.
pub(crate) fn check_text(name: &str, value: Option<&str>, most: usize) -> Option<FieldProblem> {
    let length = value?.chars().count();
    (length > most)
        .then(|| FieldProblem::new(name, format!("must have at most {most} characters, has {length}")))
}
