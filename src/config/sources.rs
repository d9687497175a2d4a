//! The sources of settings: which part gave each its value, and the value as it was given.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::listing::variable_of;
use super::tree::{find_table_mut, find_value};

/// The part that gave a setting its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingSource {
    /// `config/default.toml`.
    Default,
    /// The settings file, by its name.
    File(String),
    /// This environment variable.
    Environment(String),
}

/// The merged tree and its sources, kept to list the settings as they hold. `Debug` shows nothing of it: the tree has the
/// database's password.
#[derive(Clone, Default)]
pub struct Sources {
    tree: Table,
    origins: BTreeMap<String, String>,
}

// Why by hand: see the type.
impl std::fmt::Debug for Sources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sources").finish_non_exhaustive()
    }
}

impl Sources {
    /// Creates the sources of a merged tree. `origins`: key → the file or variable that set it.
    pub(super) const fn new(tree: Table, origins: BTreeMap<String, String>) -> Self {
        Self { tree, origins }
    }

    /// Takes value and source of `key`, a setting or a table of them, over from `other`.
    pub(crate) fn take_over(&mut self, key: &str, other: &Self) {
        let below = format!("{key}.");
        let is_meant = |name: &String| name == key || name.starts_with(&below);
        self.origins.retain(|name, _| !is_meant(name));
        let taken = other.origins.iter().filter(|(name, _)| is_meant(name));
        self.origins
            .extend(taken.map(|(name, origin)| (name.clone(), origin.clone())));
        if let Some(value) = find_value(&other.tree, key).cloned()
            && let Some((parent, name)) = key.rsplit_once('.')
            && let Some(table) = find_table_mut(&mut self.tree, parent)
        {
            table.insert(name.to_owned(), value);
        }
    }

    /// Returns the value of a setting, as it was given.
    pub(super) fn value_of(&self, key: &str) -> Option<&Value> {
        find_value(&self.tree, key)
    }

    /// Returns whether a setting has its value from this file or variable.
    pub(super) fn is_origin(&self, origin: &str) -> bool {
        self.origins.values().any(|one| one == origin)
    }

    /// Returns the source of a setting.
    pub(super) fn source_of(&self, key: &str) -> SettingSource {
        match self.origins.get(key) {
            None => SettingSource::Default,
            Some(name) if *name == variable_of(key) || name == "DATABASE_URL" => {
                SettingSource::Environment(name.clone())
            }
            Some(file) => SettingSource::File(file.clone()),
        }
    }
}
