//! Writing a merged map as TOML.

use std::fmt::Write;

use toml::{Table, Value};

use super::path::{join, quote};

/// The longest line that a table or a list of tables is written on; a longer one gets a header of its own.
const LINE: usize = 110;

/// Returns a map as TOML, in the order of its tables.
pub(super) fn format_map(map: &Table) -> String {
    let mut out = String::new();
    write_entries(&mut out, &[], map);
    // The first header has an empty line before it.
    out.trim_start_matches('\n').to_owned()
}

/// Writes the entries of the table at `path`: first those on one line, then those with a header.
fn write_entries(out: &mut String, path: &[String], table: &Table) {
    // Why all tables where one needs it: tables keep their order among each other so.
    let has_sections = table
        .iter()
        .any(|(key, value)| value.is_table() && is_section(path, key, value));
    let with_header =
        |key: &str, value: &Value| (has_sections && value.is_table()) || is_section(path, key, value);
    for (key, value) in table.iter().filter(|(key, value)| !with_header(key, value)) {
        // Why ignored, here and below: writing to a `String` cannot fail.
        let _ = writeln!(out, "{} = {value}", quote(key));
    }
    for (key, value) in table.iter().filter(|(key, value)| with_header(key, value)) {
        let here: Vec<String> = path.iter().cloned().chain([key.clone()]).collect();
        match value {
            Value::Table(inner) => {
                let all_below =
                    !inner.is_empty() && inner.iter().all(|(key, value)| is_section(&here, key, value));
                if !all_below {
                    let _ = writeln!(out, "\n[{}]", join(&here));
                }
                write_entries(out, &here, inner);
            }
            Value::Array(items) => {
                for item in items.iter().filter_map(Value::as_table) {
                    let _ = writeln!(out, "\n[[{}]]", join(&here));
                    write_entries(out, &here, item);
                }
            }
            _ => {}
        }
    }
}

/// Returns whether a value is written below a header of its own.
fn is_section(path: &[String], key: &str, value: &Value) -> bool {
    let is_long = || quote(key).len() + value.to_string().len() > LINE;
    match value {
        Value::Table(_) => path.is_empty() || is_long(),
        Value::Array(items) => !items.is_empty() && items.iter().all(Value::is_table) && is_long(),
        _ => false,
    }
}
