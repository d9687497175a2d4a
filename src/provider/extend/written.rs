//! Tables that a map writes itself, beside those of the map below.

use toml::{Table, Value};

use super::path::join;

/// The list whose written elements go before those of the map below.
const RULES: [&str; 2] = ["webhook", "on"];

/// The place of a fault: the segments of its table, its key, and what is wrong.
pub(super) type WrittenFault = (Vec<String>, String, String);

/// Adds `written` to `map`: tables that the map lacks, and `[[webhook.on]]`, whose rules are tried first. Returns the
/// paths of what was added, where the map has them now.
///
/// # Errors
/// `written` repeats a table that the map has.
pub(super) fn add_written(map: &mut Table, written: Table) -> Result<Vec<Vec<String>>, WrittenFault> {
    let mut added = Vec::new();
    add_at(map, &[], written, &mut added)?;
    Ok(added)
}

fn add_at(
    map: &mut Table,
    path: &[String],
    written: Table,
    added: &mut Vec<Vec<String>>,
) -> Result<(), WrittenFault> {
    for (key, value) in written {
        let here: Vec<String> = path.iter().cloned().chain([key.clone()]).collect();
        match (map.get_mut(&key), value) {
            // Why not values within a table that is there: they are changes of it, and `[set]` is where changes stand.
            (None, value) if path.is_empty() || is_table(&value) => {
                map.insert(key, value);
                added.push(here);
            }
            (Some(Value::Table(below)), Value::Table(value)) => add_at(below, &here, value, added)?,
            (Some(Value::Array(below)), Value::Array(rules)) if here == RULES => {
                let numbers = 1..=rules.len();
                added
                    .extend(numbers.map(|number| here.iter().cloned().chain([number.to_string()]).collect()));
                below.splice(0..0, rules);
            }
            (below, _) => {
                let repeated = if below.is_some() { &here } else { path };
                let what = format!(
                    "the map that this one extends has [{}]: write \"{}\" under [set] instead",
                    join(repeated),
                    join(&here)
                );
                return Err((path.to_vec(), key, what));
            }
        }
    }
    Ok(())
}

/// A table, or a list of tables.
fn is_table(value: &Value) -> bool {
    match value {
        Value::Table(_) => true,
        Value::Array(list) => !list.is_empty() && list.iter().all(Value::is_table),
        _ => false,
    }
}
