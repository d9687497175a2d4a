//! Setting and removing single values of a map, by their [`MapPath`].

use toml::{Table, Value};

use super::path::{MapPath, join};
use crate::config::closest_name;

/// Tables that `[set]` may make: a map may lack them altogether.
const CONSTANTS: [&str; 2] = ["vars", "secrets"];
/// The key below which `[set]` makes what is missing: JSON that is sent as it stands.
const BODY: &str = "body";

/// Sets the value at `path`, which is added where it is missing. The table or list that it stands in must be there, but
/// within a `body`, and but `[vars]` and `[secrets]`. A list takes one element more at its end.
///
/// # Errors
/// The text says how far the path leads, and what is there.
pub(super) fn set_value(map: &mut Table, path: &MapPath, value: Value) -> Result<(), String> {
    let (parents, last) = split_last(path);
    if let [first, ..] = parents
        && CONSTANTS.contains(&first.as_str())
    {
        map.entry(first.as_str()).or_insert_with(|| Table::new().into());
    }
    match enter(map, parents, Some(last))? {
        Place::Table(table) => drop(table.insert(last.to_owned(), value)),
        Place::List(list) => {
            let index = parse_index(last, list.len(), list.len() + 1, parents)?;
            match list.get_mut(index) {
                Some(element) => *element = value,
                None => list.push(value),
            }
        }
    }
    Ok(())
}

/// Removes the value at `path`, and returns it.
///
/// # Errors
/// There is none. The text says how far the path leads, and what is there.
pub(super) fn remove_value(map: &mut Table, path: &MapPath) -> Result<Value, String> {
    let (parents, last) = split_last(path);
    match enter(map, parents, None)? {
        Place::Table(table) => match table.remove(last) {
            Some(value) => Ok(value),
            None => Err(missing(table, parents, last)),
        },
        Place::List(list) => Ok(list.remove(parse_index(last, list.len(), list.len(), parents)?)),
    }
}

/// The table or list that a value stands in.
enum Place<'a> {
    Table(&'a mut Table),
    List(&'a mut Vec<Value>),
}

fn split_last(path: &MapPath) -> (&[String], &str) {
    match path.segments() {
        [parents @ .., last] => (parents, last),
        // A path has two segments at least.
        [] => (&[], ""),
    }
}

/// Follows `parents` from the root. With `child`, the segment behind them, what is missing within a `body` is made.
fn enter<'a>(map: &'a mut Table, parents: &[String], child: Option<&str>) -> Result<Place<'a>, String> {
    let mut at = Place::Table(map);
    for (depth, segment) in parents.iter().enumerate() {
        let done = &parents[..depth];
        let makes = child.filter(|_| done.iter().any(|walked| walked == BODY));
        let next = makes.map(|child| parents.get(depth + 1).map_or(child, String::as_str));
        let value = match at {
            Place::Table(table) => {
                if !table.contains_key(segment) && next.is_none() {
                    return Err(missing(table, done, segment));
                }
                table
                    .entry(segment.as_str())
                    .or_insert_with(|| empty_for(next.unwrap_or_default()))
            }
            Place::List(list) => {
                let most = list.len() + usize::from(next.is_some());
                let index = parse_index(segment, list.len(), most, done)?;
                if index == list.len() {
                    list.push(empty_for(next.unwrap_or_default()));
                }
                &mut list[index]
            }
        };
        at = match value {
            Value::Table(table) => Place::Table(table),
            Value::Array(list) => Place::List(list),
            other => {
                return Err(format!(
                    "\"{}\" is a {}, so nothing stands below it",
                    join(&parents[..=depth]),
                    other.type_str()
                ));
            }
        };
    }
    Ok(at)
}

/// Returns what is made for a missing parent of `segment`: a list before a number, else a table.
fn empty_for(segment: &str) -> Value {
    if segment.parse::<usize>().is_ok() {
        Value::Array(Vec::new())
    } else {
        Table::new().into()
    }
}

/// Parses the number of an element, from 1 to `most`, and returns its index.
fn parse_index(segment: &str, length: usize, most: usize, list: &[String]) -> Result<usize, String> {
    // Why without zeros before it: one element has one path.
    let number = segment
        .parse::<usize>()
        .ok()
        .filter(|number| (1..=most).contains(number) && number.to_string() == segment);
    number.map(|number| number - 1).ok_or_else(|| {
        let allowed = match most {
            0 => "it is empty".to_owned(),
            1 => "allowed: 1".to_owned(),
            most => format!("allowed: 1 to {most}"),
        };
        format!(
            "\"{}\" is a list of {length}, which has no element `{segment}`; {allowed}",
            join(list)
        )
    })
}

/// Returns the text about a key that is not there: where the path leads, and what stands there.
fn missing(table: &Table, done: &[String], segment: &str) -> String {
    let place = if done.is_empty() {
        "the map".to_owned()
    } else {
        format!("[{}]", join(done))
    };
    if table.is_empty() {
        return format!("{place} has no `{segment}`; it is empty");
    }
    let keys: Vec<&str> = table.keys().map(String::as_str).collect();
    let meant = closest_name(segment, keys.iter().copied());
    let meant = meant
        .map(|meant| format!("; did you mean {meant}?"))
        .unwrap_or_default();
    format!("{place} has no `{segment}`; it has {}{meant}", keys.join(", "))
}
