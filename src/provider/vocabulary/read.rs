//! The reading of a parsed file as an [`ActionMap`].

use serde::Deserialize as _;
use serde_path_to_error::{Path, Segment};
use toml::Table;

use super::{deserializer::Declared, fault::Fault, map::ActionMap};
use crate::provider::error::MapError;

/// Reads the tables of `file` as an [`ActionMap`]. `file` is named in errors only.
///
/// # Errors
/// The first key, word or type that is not declared, with its table and key.
pub(crate) fn read_map(file: &str, table: Table) -> Result<ActionMap, MapError> {
    let mut track = serde_path_to_error::Track::new();
    let value = Declared(toml::Value::Table(table));
    let tracked = serde_path_to_error::Deserializer::new(value, &mut track);
    ActionMap::deserialize(tracked).map_err(|fault| locate(file, &track.path(), fault))
}

/// Reads the table under `x` of a TOML text as a source.
#[cfg(test)]
pub(crate) fn read_source(file: &str, toml: &str) -> Result<super::SourceValue, MapError> {
    let table: std::collections::BTreeMap<String, toml::Value> = toml::from_str(toml).unwrap_or_default();
    let value = Declared(table["x"].clone());
    super::SourceValue::deserialize(value).map_err(|fault| MapError::new(file, "", "x", fault))
}

/// Makes the error of a fault at `path`: the last name is the key, everything before it the table.
fn locate(file: &str, path: &Path, fault: Fault) -> MapError {
    let mut names: Vec<String> = path
        .iter()
        .filter_map(|segment| match segment {
            Segment::Map { key } => Some(key.clone()),
            // Why from 1: `[[upload.steps]]` are counted as people count them.
            Segment::Seq { index } => Some((index + 1).to_string()),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect();
    let text = fault.to_string();
    // Why: serde tracks the unknown key itself as the last step of the path, and other faults without it.
    let key = if let Some(key) = fault.key {
        names.pop_if(|name| *name == key);
        key
    } else {
        // Why: an element of a list is shown by its value, and the list by its key.
        names.pop_if(|name| name.parse::<usize>().is_ok());
        names.pop().unwrap_or_default()
    };
    MapError::new(file, &names.join("."), &key, text)
}
