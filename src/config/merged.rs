//! The merge: defaults, then the settings file, then the environment, as one TOML tree that remembers its sources.
//!
//! A key is written `section.name`, as in `http.listen`. The defaults decide which keys there are: a file or a variable
//! can replace a value, but never add one.

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

use super::environment::Environment;
use super::fault::Faults;
use super::listing::{SECRET_KEYS, list_settings, variable_of};
use super::retired::{RETIRED, has_retired, retired_warning};
use super::secrets::read_secret;
use super::sources::Sources;
use super::tree::{find_table_mut, find_value};
use super::value;
use super::variables::{closest_name, is_of_kubernetes};

/// The one table whose names the operator chooses: a file or a variable replaces it as a whole.
const FREE_TABLE: &str = "playback.thumbnails";

/// The merged tree, with the source of each value that is not a default.
pub(super) struct Merged {
    tree: Table,
    /// Key → the file or variable that set it.
    origins: BTreeMap<String, String>,
    /// Lines for [`Settings::warnings`](super::settings::Settings::warnings).
    pub(super) warnings: Vec<String>,
}

impl Merged {
    /// Begins with the defaults alone, the parsed [`DEFAULTS`](super::listing::DEFAULTS).
    pub(super) fn from_defaults(defaults: Table) -> Self {
        Self {
            tree: defaults,
            origins: BTreeMap::new(),
            warnings: Vec::new(),
        }
    }

    /// Returns the tree as it is now.
    pub(super) fn tree(&self) -> &Table {
        &self.tree
    }

    /// Returns the file or variable that set `key` or a part that it lies in, else the variable that would set it.
    pub(super) fn origin(&self, key: &str) -> String {
        let mut part = key;
        loop {
            if let Some(origin) = self.origins.get(part) {
                return origin.clone();
            }
            match part.rfind(['.', '[']) {
                Some(end) => part = &part[..end],
                None => return variable_of(key.split('[').next().unwrap_or(key)),
            }
        }
    }

    /// Returns the tree and the source of each setting that is not a default, for people.
    pub(super) fn to_sources(&self) -> Sources {
        let listed = list_settings().settings.into_iter();
        let set = listed.filter(|setting| self.is_set(&setting.key));
        let origins = set.map(|setting| (setting.key.clone(), self.origin(&setting.key)));
        Sources::new(self.tree.clone(), origins.collect())
    }

    /// Returns whether a file or a variable set `key`.
    pub(super) fn is_set(&self, key: &str) -> bool {
        self.origins.contains_key(key)
    }

    /// Merges the settings file. `origin` is its name in [`Faults`].
    pub(super) fn merge_file(&mut self, table: Table, origin: &str, faults: &mut Faults) {
        self.merge_table("", table, origin, faults);
    }

    fn merge_table(&mut self, prefix: &str, table: Table, origin: &str, faults: &mut Faults) {
        for (name, value) in table {
            let key = if prefix.is_empty() {
                name
            } else {
                format!("{prefix}.{name}")
            };
            if let Some((_, variable)) = SECRET_KEYS.iter().find(|(secret, _)| *secret == key) {
                let hint = format!("secrets come from the environment alone: set {variable}");
                faults.add(origin, &key, hint);
                continue;
            }
            if let Some(warning) = retired_warning(RETIRED, origin, &key) {
                self.warnings.push(warning);
                continue;
            }
            // Why `FREE_TABLE` is not merged: a name that the operator leaves out would come back from the defaults.
            // Why known tables alone: an unknown one is one fault, not one for each of its keys.
            match (value, key == FREE_TABLE) {
                (Value::Table(table), false)
                    if find_value(&self.tree, &key).is_some() || has_retired(RETIRED, &key) =>
                {
                    self.merge_table(&key, table, origin, faults);
                }
                (value, _) => {
                    let value = value::normalize(&key, value);
                    if !self.set_value(&key, value, origin) {
                        faults.add(origin, &key, self.describe_unknown(&key));
                    }
                }
            }
        }
    }

    /// Merges the variables `VIDEO_<SECTION>__<NAME>` and, over them, `DATABASE_URL`. Secrets ([`SECRET_KEYS`]) are
    /// passed over: they are read by themselves and never enter the tree. So are those `named` by endpoints of events.
    pub(super) fn merge_environment(
        &mut self,
        env: &Environment,
        named: &BTreeSet<String>,
        faults: &mut Faults,
    ) {
        // Why without those of Kubernetes: they can have the form of ours, and are no settings.
        for (name, text) in env.iter().filter(|(name, text)| !is_of_kubernetes(name, text)) {
            let Some((section, rest)) = name.strip_prefix("VIDEO_").and_then(|rest| rest.split_once("__"))
            else {
                continue;
            };
            let plain = name.strip_suffix("_FILE").unwrap_or(name);
            if SECRET_KEYS.iter().any(|(_, variable)| *variable == plain) || named.contains(plain) {
                continue;
            }
            let key = format!("{section}.{}", rest.replace("__", ".")).to_lowercase();
            if let Some(warning) = retired_warning(RETIRED, name, &key) {
                self.warnings.push(warning);
                continue;
            }
            let Some(default) = find_value(&self.tree, &key) else {
                faults.add(name, &key, self.describe_unknown(&key));
                continue;
            };
            match value::parse_value(&key, default, text) {
                Ok(value) => drop(self.set_value(&key, value, name)),
                Err(problem) => faults.add(name, &key, problem),
            }
        }
        match read_secret(env, "DATABASE_URL") {
            Ok(Some(url)) => drop(self.set_value("database.url", Value::String(url), "DATABASE_URL")),
            Ok(None) => {}
            Err(error) => faults.add_error("database.url", error),
        }
    }

    /// Replaces the value at `key` by its default. Returns false where it is the default already, or nothing is there
    /// to replace: then another try to deserialise the tree would fail in the same way.
    pub(super) fn restore_default(&mut self, key: &str, default: Value) -> bool {
        if find_value(&self.tree, key) == Some(&default) {
            return false;
        }
        let Some((parent, name)) = key.rsplit_once('.') else {
            return false;
        };
        let Some(table) = find_table_mut(&mut self.tree, parent) else {
            return false;
        };
        table.insert(name.to_owned(), default);
        true
    }

    /// Sets a key and its source; returns false where the tree has no key of this name.
    fn set_value(&mut self, key: &str, value: Value, origin: &str) -> bool {
        let Some((parent, name)) = key.rsplit_once('.') else {
            return false;
        };
        let known = find_value(&self.tree, key).is_some();
        let slot = known.then(|| find_table_mut(&mut self.tree, parent)).flatten();
        let Some(table) = slot else {
            return false;
        };
        table.insert(name.to_owned(), value);
        self.origins.insert(key.to_owned(), origin.to_owned());
        true
    }

    /// Describes an unknown key: the names that are allowed in its place, and the known key that was likely meant
    /// ([`closest_name`]).
    fn describe_unknown(&self, key: &str) -> String {
        let section = key.split('.').next().unwrap_or(key);
        let allowed: Vec<&str> = match self.tree.get(section).and_then(Value::as_table) {
            Some(table) => table.keys().map(String::as_str).collect(),
            None => self.tree.keys().map(String::as_str).collect(),
        };
        let listed = list_settings();
        let keys = listed.settings.iter().map(|setting| setting.key.as_str());
        let secrets = SECRET_KEYS.iter().map(|(key, _)| *key);
        let meant = closest_name(key, keys.chain(secrets));
        let meant = meant
            .map(|key| format!("; did you mean {key}?"))
            .unwrap_or_default();
        format!("unknown setting; allowed here: {}{meant}", allowed.join(", "))
    }
}
