//! [`Origins`]: which file of a chain wrote which part of the merged map.

use super::super::error::MapError;
use super::path::{MapPath, join};

/// How a part came into the merged map.
#[derive(Clone, Debug)]
pub(super) enum Change {
    /// A written table; the path is the one in its own file.
    Written(Vec<String>),
    /// An entry of `[set]`.
    Set,
    /// An entry of `[env]`: the variable's old name.
    Renamed(String),
    /// An entry of `remove`.
    Removed,
}

/// The places of the merged map that the map at the bottom of the chain did not write.
#[derive(Clone, Debug)]
pub(super) struct Origins {
    /// The lowest file.
    base: String,
    /// The rules of the merged map: the file that wrote each, and its number there.
    rules: Vec<(String, usize)>,
    /// Place in the merged map, the file that changed it, and how; later ones win.
    changes: Vec<(Vec<String>, String, Change)>,
}

impl Origins {
    /// Begins with the lowest file of a chain, which has this number of `[[webhook.on]]`.
    pub(super) fn new(base: &str, rules: usize) -> Self {
        Self {
            base: base.to_owned(),
            rules: (1..=rules).map(|number| (base.to_owned(), number)).collect(),
            changes: Vec::new(),
        }
    }

    /// Notes that `file` changed what is at `path` of the merged map.
    pub(super) fn note(&mut self, file: &str, path: Vec<String>, change: Change) {
        self.changes.push((path, file.to_owned(), change));
    }

    /// Notes that `file` removed what is at `path`. Later elements of a list move up.
    pub(super) fn note_removed(&mut self, file: &str, path: &MapPath) {
        self.changes.retain(|(at, _, _)| !at.starts_with(path.segments()));
        self.move_elements(path.segments(), |number, removed| {
            if number > removed { number - 1 } else { number }
        });
        if let [webhook, on, number] = path.segments()
            && is_rules(webhook, on)
            && let Some(index) = number
                .parse::<usize>()
                .ok()
                .and_then(|number| number.checked_sub(1))
            && index < self.rules.len()
        {
            self.rules.remove(index);
        }
        // Why no note about an element: another one has its number now.
        if path
            .segments()
            .last()
            .is_none_or(|last| last.parse::<usize>().is_err())
        {
            self.note(file, path.segments().to_vec(), Change::Removed);
        }
    }

    /// Notes that `file` wrote the first `count` rules of `[[webhook.on]]`. The others move down.
    pub(super) fn note_rules(&mut self, file: &str, count: usize) {
        let rules = ["webhook".to_owned(), "on".to_owned(), "1".to_owned()];
        self.move_elements(&rules, |number, _| number + count);
        self.rules
            .splice(0..0, (1..=count).map(|number| (file.to_owned(), number)));
    }

    /// Renumbers the elements of the list that `element` is in.
    fn move_elements(&mut self, element: &[String], new_number: impl Fn(usize, usize) -> usize) {
        let [list @ .., number] = element else { return };
        let Ok(number) = number.parse::<usize>() else {
            return;
        };
        for (path, _, _) in &mut self.changes {
            if path.starts_with(list)
                && let Some(own) = path.get_mut(list.len())
                && let Ok(old) = own.parse::<usize>()
            {
                *own = new_number(old, number).to_string();
            }
        }
    }

    /// Returns the error with the file that wrote the place which it is about, and the place as that file writes it. An
    /// error about no place stays with the map itself.
    pub(super) fn locate(&self, error: MapError) -> MapError {
        let (table, key) = error.place();
        if table.is_empty() && key.is_empty() {
            return error;
        }
        let path = segments_of(table, key);
        if let Some((at, file, change)) = self.find_change(&path) {
            return describe(&error, &path, at, file, change);
        }
        let (file, table) = self.find_rule(&path, table);
        error.moved_to(file, &table, None)
    }

    /// Returns the change that the path is about: the closest one that it stands in, else the last one below it.
    fn find_change(&self, path: &[String]) -> Option<&(Vec<String>, String, Change)> {
        let closest = self
            .changes
            .iter()
            .filter(|(at, _, _)| path.starts_with(at))
            .max_by_key(|(at, _, _)| at.len());
        closest.or_else(|| self.changes.iter().rfind(|(at, _, _)| at.starts_with(path)))
    }

    /// Returns the file and the table of a place that no change is about. Rules have their number in their own file.
    fn find_rule(&self, path: &[String], table: &str) -> (&str, String) {
        if let [webhook, on, number, ..] = path
            && is_rules(webhook, on)
            && let Some(index) = number
                .parse::<usize>()
                .ok()
                .and_then(|number| number.checked_sub(1))
            && let Some((file, number_there)) = self.rules.get(index)
        {
            let merged = format!("webhook.on.{number}");
            let there = format!("webhook.on.{number_there}");
            return (file, table.replacen(&merged, &there, 1));
        }
        (&self.base, table.to_owned())
    }
}

fn is_rules(webhook: &str, on: &str) -> bool {
    webhook == "webhook" && on == "on"
}

/// Returns the segments of an error's table and key.
fn segments_of(table: &str, key: &str) -> Vec<String> {
    let tables = table.split('.').filter(|segment| !segment.is_empty());
    let key = Some(key).filter(|key| !key.is_empty());
    tables.chain(key).map(str::to_owned).collect()
}

/// Returns the error as the file of `change` has it.
fn describe(error: &MapError, path: &[String], at: &[String], file: &str, change: &Change) -> MapError {
    match change {
        Change::Written(there) => {
            let rest = path.get(at.len()..).unwrap_or_default();
            let full: Vec<String> = there.iter().chain(rest).cloned().collect();
            match full.split_last() {
                Some((key, tables)) if !error.place().1.is_empty() => {
                    error.moved_to(file, &tables.join("."), Some(key))
                }
                _ => error.moved_to(file, &full.join("."), None),
            }
        }
        Change::Set => {
            let full = if path.len() > at.len() { path } else { at };
            error.moved_to(file, "set", Some(&format!("\"{}\"", join(full))))
        }
        Change::Renamed(old) => error.moved_to(file, "env", Some(old)),
        Change::Removed => error
            .with_prefix(&format!("\"{}\" is removed, and", join(at)))
            .moved_to(file, "", Some("remove")),
    }
}
