//! [`MergedMap`]: a map with everything that it takes from the maps below it.

use toml::{Table, Value};

use super::super::{compile::variables, embedded::embedded_names, error::MapError};
use super::{
    edit::{remove_value, set_value},
    env,
    layer::Layer,
    map_file::MapFile,
    origins::{Change, Origins},
    path::MapPath,
    show,
    written::add_written,
};
use crate::config::closest_name;

/// The most maps that a map builds on.
const MAX_DEPTH: usize = 5;

/// One map after `extends`: the tables of the vocabulary, and nothing that speaks of another map but `account`.
#[derive(Clone, Debug)]
pub struct MergedMap {
    file: MapFile,
    below: Vec<MapFile>,
    account: Option<String>,
    writes_verify: bool,
    table: Table,
    origins: Origins,
}

impl MergedMap {
    /// Reads the maps that `file` builds on, and merges them. A map that extends none is taken as it stands.
    ///
    /// # Errors
    /// One of the files is malformed, a map that is named does not exist, the chain is a circle or too deep, or a change
    /// does not fit the map that it is about.
    pub fn read(file: MapFile) -> Result<Self, MapError> {
        let mut chain = read_chain(file)?;
        let writes_verify = chain.top.writes_verify();
        let (file, account) = (chain.top.file.clone(), chain.top.account.take());
        let below = chain.below.iter().map(|layer| layer.file.clone()).collect();
        let mut from_below = chain.below.into_iter().rev();
        let (base, rest) = match from_below.next() {
            None => (chain.top, None),
            Some(base) => (base, Some(chain.top)),
        };
        let origins = Origins::new(base.file.file(), count_rules(&base.written));
        let mut merging = Merging {
            table: base.written,
            origins,
        };
        for layer in from_below.chain(rest) {
            merging.apply(layer)?;
        }
        Ok(Self {
            file,
            below,
            account,
            writes_verify,
            table: merging.table,
            origins: merging.origins,
        })
    }

    /// Returns the file of the map itself.
    pub const fn file(&self) -> &MapFile {
        &self.file
    }

    /// Returns the maps that it builds on, the nearest first.
    pub fn below(&self) -> &[MapFile] {
        &self.below
    }

    /// Returns the name of the map whose account at the provider this one shares; `None` where the account is its own.
    pub fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// Returns the tables of the vocabulary.
    pub const fn table(&self) -> &Table {
        &self.table
    }

    /// Returns the environment variables that the map names, and whether each can be left out.
    pub fn variables(&self) -> Vec<(String, bool)> {
        variables(&self.to_toml())
    }

    /// Returns the map as TOML that needs no other map: variables are not expanded, and comments are gone.
    pub fn to_toml(&self) -> String {
        show::format_map(&self.table)
    }

    /// Returns the map as [`MergedMap::to_toml`] does, with its `account`.
    pub fn to_toml_with_account(&self) -> String {
        let head = match &self.account {
            Some(name) => format!("account = {}\n\n", Value::from(name.as_str())),
            None => String::new(),
        };
        head + &self.to_toml()
    }

    /// Returns the error that the map may not share the account of `base` as it stands; `None` where it may.
    pub fn account_fault(&self, base: &Self) -> Option<MapError> {
        let fault = |what: String| Some(self.file.error("", "account", what));
        let name = base.file.name();
        if let Some(other) = base.account().filter(|other| *other != name) {
            return fault(format!(
                "\"{name}\" shares the account of \"{other}\" itself: name that map"
            ));
        }
        // Why: two maps that count the calls of one account otherwise would make more of them than it allows.
        if self.get("api", "rate") != base.get("api", "rate") {
            return fault(format!(
                "its calls count in the rate of \"{name}\": leave `rate` of [api] as it is there"
            ));
        }
        if self.writes_verify && self.get("webhook", "verify") != base.get("webhook", "verify") {
            return fault(format!(
                "events come in at the route of \"{name}\" and are verified as its map says: leave out [webhook.verify]"
            ));
        }
        None
    }

    fn get(&self, table: &str, key: &str) -> Option<&Value> {
        self.table.get(table)?.get(key)
    }

    /// Returns the error about this map, as the file that wrote the faulty place has it.
    pub(in crate::provider) fn locate(&self, error: MapError) -> MapError {
        if self.below.is_empty() {
            error
        } else {
            self.origins.locate(error)
        }
    }
}

/// The files of a chain, parsed.
struct LayerChain {
    top: Layer,
    /// The nearest first.
    below: Vec<Layer>,
}

/// Reads the files from the map itself down to the one that extends no other.
fn read_chain(file: MapFile) -> Result<LayerChain, MapError> {
    let top = Layer::read(file)?;
    let mut below: Vec<Layer> = Vec::new();
    loop {
        let last = below.last().unwrap_or(&top);
        let Some(name) = &last.extends else { break };
        let error = |what: String| last.file.error("", "extends", what);
        let Some(next) = last.file.find(name)? else {
            return Err(error(describe_missing(&last.file, name)));
        };
        let so_far = || std::iter::once(&top).chain(&below).map(|layer| &layer.file);
        if so_far().any(|file| file.name() == next.name() && file.is_built_in() == next.is_built_in()) {
            let names: Vec<&str> = so_far().map(MapFile::name).chain([name.as_str()]).collect();
            return Err(error(format!("a circle: {}", names.join(" → "))));
        }
        if below.len() == MAX_DEPTH {
            return Err(error(format!("a map builds on {MAX_DEPTH} maps at most")));
        }
        below.push(Layer::read(next)?);
    }
    Ok(LayerChain { top, below })
}

/// Returns the text about a map that does not exist.
fn describe_missing(from: &MapFile, name: &str) -> String {
    let names: Vec<&str> = embedded_names().collect();
    let beside = from.names_beside();
    let candidates = names.iter().copied().chain(beside.iter().map(String::as_str));
    let meant = closest_name(name, candidates);
    let meant = meant
        .map(|meant| format!("; did you mean {meant}?"))
        .unwrap_or_default();
    let place = if from.name() == name {
        "is this map itself, and no built-in one has the name".to_owned()
    } else {
        format!("is no built-in map, and there is no {name}.toml beside this file")
    };
    format!("\"{name}\" {place}; built in are {}{meant}", names.join(", "))
}

fn count_rules(map: &Table) -> usize {
    let rules = map.get("webhook").and_then(|webhook| webhook.get("on"));
    rules.and_then(Value::as_array).map_or(0, Vec::len)
}

/// A map on its way up the chain.
struct Merging {
    table: Table,
    origins: Origins,
}

impl Merging {
    /// Applies one file: its new names of variables, its `[set]`, its `remove`, and what it writes.
    ///
    /// Why in this order: paths count the elements of the map below, whatever the file adds or removes; and a table that
    /// the file removes may be written anew.
    fn apply(&mut self, layer: Layer) -> Result<(), MapError> {
        self.rename_variables(&layer)?;
        let Layer {
            file,
            set,
            remove,
            written,
            ..
        } = layer;
        for (path, value) in set {
            self.set(&file, &path, value)?;
        }
        for path in remove {
            self.remove(&file, &path)?;
        }
        self.add_written(&file, written)
    }

    fn rename_variables(&mut self, layer: &Layer) -> Result<(), MapError> {
        let names = env::names(&self.table);
        if let Some(unknown) = layer.env.keys().find(|name| !names.contains(*name)) {
            let known: Vec<&str> = names.iter().map(String::as_str).collect();
            return Err(layer.file.error(
                "env",
                unknown,
                format!(
                    "the map that this one extends reads no such variable; it reads {}",
                    known.join(", ")
                ),
            ));
        }
        for (table, key, old) in env::rename(&mut self.table, &layer.env) {
            let path = vec![table.to_owned(), key];
            self.origins.note(layer.file.file(), path, Change::Renamed(old));
        }
        Ok(())
    }

    fn set(&mut self, file: &MapFile, path: &MapPath, value: Value) -> Result<(), MapError> {
        set_value(&mut self.table, path, value)
            .map_err(|problem| file.error("set", &format!("\"{path}\""), problem))?;
        self.origins
            .note(file.file(), path.segments().to_vec(), Change::Set);
        Ok(())
    }

    fn remove(&mut self, file: &MapFile, path: &MapPath) -> Result<(), MapError> {
        remove_value(&mut self.table, path)
            .map_err(|problem| file.error("", "remove", format!("\"{path}\": {problem}")))?;
        self.origins.note_removed(file.file(), path);
        Ok(())
    }

    fn add_written(&mut self, file: &MapFile, written: Table) -> Result<(), MapError> {
        let rules_below = count_rules(&self.table);
        let added = add_written(&mut self.table, written)
            .map_err(|(table, key, what)| file.error(&table.join("."), &key, what))?;
        let rules = count_rules(&self.table) - rules_below;
        if rules_below > 0 && rules > 0 {
            self.origins.note_rules(file.file(), rules);
        }
        for path in added {
            let there = Change::Written(path.clone());
            self.origins.note(file.file(), path, there);
        }
        Ok(())
    }
}
