//! Dotted keys in a TOML tree, such as `http.listen`.

use toml::{Table, Value};

/// Returns the value at a dotted key.
pub(super) fn find_value<'a>(tree: &'a Table, key: &str) -> Option<&'a Value> {
    let (first, rest) = key
        .split_once('.')
        .map_or((key, None), |(first, rest)| (first, Some(rest)));
    let value = tree.get(first)?;
    match rest {
        None => Some(value),
        Some(rest) => find_value(value.as_table()?, rest),
    }
}

/// Returns the table at a dotted key.
pub(super) fn find_table_mut<'a>(tree: &'a mut Table, key: &str) -> Option<&'a mut Table> {
    key.split('.')
        .try_fold(tree, |table, name| table.get_mut(name)?.as_table_mut())
}
