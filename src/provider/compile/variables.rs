//! The environment variables that a map names, for people who list them.

use toml::Table;

/// The variables of a map's `[vars]` and `[secrets]`, in order: name, and whether it can be left out.
pub fn variables(toml: &str) -> Vec<(String, bool)> {
    let table: Table = toml.parse().unwrap_or_default();
    let values = ["vars", "secrets"]
        .into_iter()
        .filter_map(|name| table.get(name)?.as_table())
        .flat_map(Table::values);
    let mut found = Vec::new();
    for text in values.filter_map(toml::Value::as_str) {
        for inner in text.split("${").skip(1) {
            let inner = inner.split('}').next().unwrap_or_default();
            let (name, optional) = match inner.split_once(":-") {
                Some((name, _)) => (name, true),
                None => (inner, false),
            };
            found.push((name.to_owned(), optional));
        }
    }
    found
}
