//! `[env]`: the variables of a map under other names.

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

/// The tables whose texts may name variables.
const TABLES: [&str; 2] = ["vars", "secrets"];

/// Returns the variables that `[vars]` and `[secrets]` of a map name.
pub(super) fn names(map: &Table) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (_, _, text) in texts(map) {
        replace_names(text, |name| {
            found.insert(name.to_owned());
            None
        });
    }
    found
}

/// Gives the variables of a map other names, all at once: `new_names` has old → new. Returns the places that changed:
/// table, key, and the old name.
pub(super) fn rename(
    map: &mut Table,
    new_names: &BTreeMap<String, String>,
) -> Vec<(&'static str, String, String)> {
    let mut changed = Vec::new();
    let mut renamed: Vec<(&'static str, String, String)> = Vec::new();
    for (table, key, text) in texts(map) {
        let mut old = None;
        let text = replace_names(text, |name| {
            let new = new_names.get(name)?;
            old = Some(name.to_owned());
            Some(new.clone())
        });
        if let Some(old) = old {
            changed.push((table, key.to_owned(), old));
            renamed.push((table, key.to_owned(), text));
        }
    }
    for (table, key, text) in renamed {
        if let Some(table) = map.get_mut(table).and_then(Value::as_table_mut) {
            table.insert(key, text.into());
        }
    }
    changed
}

/// Returns whether a variable may have this name.
pub(super) fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Iterates over table, key and text of every text that may name variables.
fn texts(map: &Table) -> impl Iterator<Item = (&'static str, &str, &str)> {
    let tables = TABLES
        .into_iter()
        .filter_map(|name| Some((name, map.get(name)?.as_table()?)));
    tables.flat_map(|(name, table)| {
        let values = table.iter();
        values.filter_map(move |(key, value)| Some((name, key.as_str(), value.as_str()?)))
    })
}

/// Returns `text` with each name of `${NAME}` and `${NAME:-default}` replaced by what `new_name` returns for it.
fn replace_names(text: &str, mut new_name: impl FnMut(&str) -> Option<String>) -> String {
    let mut parts = text.split("${");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(":-").into_iter().chain(part.find('}')).min();
        let (name, rest) = part.split_at(end.unwrap_or(part.len()));
        out.push_str("${");
        out.push_str(new_name(name).as_deref().unwrap_or(name));
        out.push_str(rest);
    }
    out
}
