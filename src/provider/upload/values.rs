//! `[values]`: the provider's words for values of this service.

use std::{collections::BTreeMap, sync::Arc};

use crate::provider::{
    compile::Location,
    error::MapError,
    request_field::RequestField,
    template::{ValueTables, Words},
    vocabulary::{Entries, TomlValue},
};

/// The tables of `[values]` by their names.
pub(crate) type WordTables = BTreeMap<String, Arc<Words>>;

/// Reads `[values]`: for each table, this service's value → the provider's. `raw` is the whole file.
///
/// # Errors
/// [`MapError`]: a table has neither the name of a field, nor one that a filter `as:` names.
pub(crate) fn read_words(
    declared: Entries<Entries<TomlValue>>,
    raw: &toml::Table,
    root: &Location,
) -> Result<WordTables, MapError> {
    let mut out = WordTables::new();
    for (name, table) in declared {
        // Why: a field's name that is misspelled would change nothing, without a word.
        if RequestField::parse(&name).is_none() && !names_table(&toml::Value::Table(raw.clone()), &name) {
            let all = RequestField::ALL.map(RequestField::as_str).join(", ");
            let what = format!(
                "is no value of ours, and no filter `as:{name}` names it; allowed: {all}, or a name of such a filter"
            );
            return Err(root.table("values").error(&name, what));
        }
        let words = table.into_iter().map(|(ours, theirs)| (ours, theirs.json()));
        out.insert(name, Arc::new(words.collect()));
    }
    Ok(out)
}

/// Returns the tables that have a field's name: they replace the field's value wherever its placeholder stands.
pub(crate) fn field_tables(words: &WordTables) -> ValueTables {
    let own = words.iter().filter_map(|(name, words)| {
        let field = RequestField::parse(name)?;
        Some((field, Arc::clone(words)))
    });
    own.collect()
}

/// Some text under `value` has the filter `as:<name>`.
fn names_table(value: &toml::Value, name: &str) -> bool {
    match value {
        toml::Value::String(text) => text
            .split(['{', '}', '|'])
            .any(|part| part.strip_prefix("as:") == Some(name)),
        toml::Value::Array(items) => items.iter().any(|item| names_table(item, name)),
        toml::Value::Table(table) => table.iter().any(|(_, item)| names_table(item, name)),
        _ => false,
    }
}
