//! The environment variables that a map names, for people who list them.

use toml::Table;

use crate::{config::read_value, provider::load_options::Env};

/// A variable that a map names, and whether it has a value. The value itself is never in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapVariable {
    /// Its name.
    pub name: String,
    /// It stands in `[secrets]`, not in `[vars]`.
    pub is_secret: bool,
    /// The map has a default for it.
    pub is_optional: bool,
    /// The variable, or the file that `<name>_FILE` names, has a text that is not empty.
    pub is_set: bool,
}

/// Returns the variables of the merged tables of a map, each once, in order.
pub(in crate::provider) fn map_variables(tables: &Table, env: Env<'_>) -> Vec<MapVariable> {
    let mut found: Vec<MapVariable> = Vec::new();
    for (table, is_secret) in [("vars", false), ("secrets", true)] {
        let texts = tables.get(table).and_then(toml::Value::as_table).into_iter();
        let texts = texts.flat_map(Table::values).filter_map(toml::Value::as_str);
        for (name, is_optional) in texts.flat_map(names_in) {
            if found.iter().any(|one| one.name == name) {
                continue;
            }
            // Why a fault reads as unset: the map was refused where it needs the variable.
            let value = read_value(env, &name).ok().flatten();
            found.push(MapVariable {
                is_set: value.is_some_and(|value| !value.is_empty()),
                name,
                is_secret,
                is_optional,
            });
        }
    }
    found
}

/// The variables of a map's `[vars]` and `[secrets]`, in order: name, and whether it can be left out.
pub fn variables(toml: &str) -> Vec<(String, bool)> {
    let table: Table = toml.parse().unwrap_or_default();
    let values = ["vars", "secrets"]
        .into_iter()
        .filter_map(|name| table.get(name)?.as_table())
        .flat_map(Table::values);
    values
        .filter_map(toml::Value::as_str)
        .flat_map(names_in)
        .collect()
}

/// Returns the variables that a text names as `${NAME}` or `${NAME:-default}`: name, and whether it has a default.
fn names_in(text: &str) -> Vec<(String, bool)> {
    let inner = text
        .split("${")
        .skip(1)
        .map(|rest| rest.split('}').next().unwrap_or_default());
    inner
        .map(|inner| match inner.split_once(":-") {
            Some((name, _)) => (name.to_owned(), true),
            None => (inner.to_owned(), false),
        })
        .collect()
}
