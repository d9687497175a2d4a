//! One file of a chain, taken apart: what it says about the map below it, and the tables that it writes itself.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::super::error::MapError;
use super::{env, map_file::MapFile, path::MapPath};
use crate::config::is_provider_name;

/// The keys that stand beside `extends` alone.
const BESIDE_EXTENDS: [&str; 3] = ["remove", "env", "set"];

/// One file of a chain.
pub(super) struct Layer {
    pub(super) file: MapFile,
    /// The name of the map below.
    pub(super) extends: Option<String>,
    /// The name of the map whose account at the provider it shares.
    pub(super) account: Option<String>,
    /// Old name → new name of variables of the map below.
    pub(super) env: BTreeMap<String, String>,
    /// In the order in which values can be set.
    pub(super) set: Vec<(MapPath, Value)>,
    /// In the order in which values can be removed.
    pub(super) remove: Vec<MapPath>,
    /// Everything else.
    pub(super) written: Table,
}

impl Layer {
    /// Reads a file.
    ///
    /// # Errors
    /// It is no TOML; one of the keys is malformed or stands without `extends`; or two paths of `[set]` and `remove` lead
    /// to the same place.
    pub(super) fn read(file: MapFile) -> Result<Self, MapError> {
        let mut written = file.parse()?;
        let extends = take_name(&file, &mut written, "extends")?;
        let account = take_name(&file, &mut written, "account")?;
        if extends.is_none()
            && let Some(key) = BESIDE_EXTENDS.into_iter().find(|key| written.contains_key(*key))
        {
            return Err(file.error(
                "",
                key,
                "stands only in a map with `extends`: there is no map below to change",
            ));
        }
        let env = take_env(&file, &mut written)?;
        let mut set = take_set(&file, &mut written)?;
        let mut remove = take_remove(&file, &mut written)?;
        check_overlaps(&file, &set, &remove)?;
        set.sort_by(|(one, _), (other, _)| one.cmp_in_order(other));
        remove.sort_by(|one, other| other.cmp_in_order(one));
        Ok(Self {
            file,
            extends,
            account,
            env,
            set,
            remove,
            written,
        })
    }

    /// Returns true where this file itself says how webhooks are verified.
    pub(super) fn writes_verify(&self) -> bool {
        let written = self
            .written
            .get("webhook")
            .and_then(|webhook| webhook.get("verify"));
        let is_verify = |path: &MapPath| matches!(path.segments(), [webhook, verify, ..] if webhook == "webhook" && verify == "verify");
        written.is_some() || self.set.iter().any(|(path, _)| is_verify(path))
    }
}

/// Takes the name of a map.
fn take_name(file: &MapFile, from: &mut Table, key: &str) -> Result<Option<String>, MapError> {
    match from.remove(key) {
        None => Ok(None),
        Some(Value::String(name)) if is_provider_name(&name) => Ok(Some(name)),
        Some(other) => Err(file.error(
            "",
            key,
            format!("{other} is no map's name; a name is 1 to 64 of a-z, 0-9, - and _"),
        )),
    }
}

/// Takes `[env]`.
fn take_env(file: &MapFile, from: &mut Table) -> Result<BTreeMap<String, String>, MapError> {
    let mut names = BTreeMap::new();
    for (old, new) in take_table(file, from, "env")? {
        match new {
            Value::String(new) if env::is_name(&new) => drop(names.insert(old, new)),
            other => {
                return Err(file.error(
                    "env",
                    &old,
                    format!("{other} is no variable's name; allowed: letters, digits and _"),
                ));
            }
        }
    }
    Ok(names)
}

/// Takes `[set]`.
fn take_set(file: &MapFile, from: &mut Table) -> Result<Vec<(MapPath, Value)>, MapError> {
    let entries = take_table(file, from, "set")?.into_iter();
    let parse = |(key, value): (String, Value)| match MapPath::parse(&key) {
        Ok(path) => Ok((path, value)),
        Err(problem) => Err(file.error("set", &key, problem)),
    };
    entries.map(parse).collect()
}

/// Takes `remove`.
fn take_remove(file: &MapFile, from: &mut Table) -> Result<Vec<MapPath>, MapError> {
    let wrong = |what: String| file.error("", "remove", what);
    let list = match from.remove("remove") {
        None => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(other) => {
            return Err(wrong(format!(
                "must be a list of paths, not a {}",
                other.type_str()
            )));
        }
    };
    let parse = |path: Value| match path {
        Value::String(path) => MapPath::parse(&path).map_err(|problem| wrong(format!("`{path}`: {problem}"))),
        other => Err(wrong(format!(
            "must be a list of paths, not of a {}",
            other.type_str()
        ))),
    };
    list.into_iter().map(parse).collect()
}

fn take_table(file: &MapFile, from: &mut Table, key: &str) -> Result<Table, MapError> {
    match from.remove(key) {
        None => Ok(Table::new()),
        Some(Value::Table(table)) => Ok(table),
        Some(other) => Err(file.error("", key, format!("must be a table, not a {}", other.type_str()))),
    }
}

/// Refuses two paths of which one leads to the other.
// Why: what they do together would depend on an order that the file does not show.
fn check_overlaps(file: &MapFile, set: &[(MapPath, Value)], remove: &[MapPath]) -> Result<(), MapError> {
    let all: Vec<(&str, &MapPath)> = set
        .iter()
        .map(|(path, _)| ("set", path))
        .chain(remove.iter().map(|path| ("", path)))
        .collect();
    for (index, (table, path)) in all.iter().enumerate() {
        let Some((_, other)) = all[..index].iter().find(|(_, other)| other.overlaps(path)) else {
            continue;
        };
        let key = if table.is_empty() {
            "remove".to_owned()
        } else {
            format!("\"{path}\"")
        };
        return Err(file.error(
            table,
            &key,
            format!("\"{path}\" and \"{other}\" change the same place: name it once"),
        ));
    }
    Ok(())
}
