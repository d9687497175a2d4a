//! `[vars]` and `[secrets]`: read from the environment once, at start.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use secrecy::SecretString;
use serde_json::Value;

use super::super::{
    error::MapError,
    load_options::Env,
    template::{hash::HashKey, words::Words},
    vocabulary::{ActionMap, Constant, to_json},
};
use super::location::Location;
use crate::config::read_value;

/// Public constants and secrets of one map, and whether signing is switched off.
#[derive(Default)]
pub(crate) struct Constants {
    vars: BTreeMap<String, Entry<Value>>,
    secrets: BTreeMap<String, Entry<SecretString>>,
    /// Every secret and environment-fed variable that `[playback.sign]` alone uses is empty.
    pub(crate) signing_off: bool,
    /// Variables that are there without a value, for [`refuse`]: where they are used may say more of it.
    pub(crate) blank: Vec<Fault>,
    /// What the filter `hash` is keyed with.
    pub(crate) hash_key: HashKey,
    /// `[values]`, for the filter `as:<table>`.
    pub(crate) words: BTreeMap<String, Arc<Words>>,
}

struct Entry<T> {
    value: T,
    empty: bool,
    /// What is wrong with the variable that it was read from.
    fault: Option<String>,
    /// The environment variable that it waits for, or was read from.
    variable: Option<String>,
    unset: bool,
    /// Its value is a default written in the map, so nobody set it and nobody needs to.
    defaulted: bool,
}

impl Constants {
    /// Reads `[vars]` and `[secrets]` of `map`, and decides whether `[playback.sign]` is off. `raw` is the file that
    /// `map` was read from. Returns every variable that is missing or wrong too, for [`refuse`].
    pub(crate) fn load(
        map: &ActionMap,
        raw: &toml::Table,
        root: &Location,
        env: Env<'_>,
    ) -> Result<(Self, Vec<Fault>), MapError> {
        let mut this = Self::default();
        for (name, value) in &map.vars.0 {
            let entry = variable(value, env).map_err(|what| root.table("vars").error(name, what))?;
            this.vars.insert(name.clone(), entry);
        }
        for (name, text) in &map.secrets.0 {
            let read = expand(text, env).map_err(|what| root.table("secrets").error(name, what))?;
            this.secrets.insert(name.clone(), read.secret());
        }
        let own = own_to_signing(raw);
        let faults = this.faults(&own);
        Ok((this, faults))
    }

    /// A variable's value; `None` where the map has no such variable.
    pub(crate) fn var(&self, name: &str) -> Option<&Value> {
        self.vars.get(name).map(|entry| &entry.value)
    }

    /// A secret; `None` where the map has no such secret.
    pub(crate) fn secret(&self, name: &str) -> Option<&SecretString> {
        self.secrets.get(name).map(|entry| &entry.value)
    }

    /// Every secret that is not empty: what must never be seen in a message.
    pub(crate) fn secrets(&self) -> Vec<SecretString> {
        self.secrets
            .values()
            .filter(|entry| !entry.empty)
            .map(|entry| entry.value.clone())
            .collect()
    }

    /// The environment variables behind a template, for complaints about what they hold.
    pub(crate) fn origin_of(&self, template: &str) -> Option<String> {
        let mut names = BTreeSet::new();
        collect_names(&toml::Value::String(template.to_owned()), &mut names);
        let found: Vec<String> = names
            .iter()
            .filter_map(|name| self.fed(name))
            .map(|(variable, _)| variable)
            .collect();
        (!found.is_empty()).then(|| found.join(", "))
    }

    pub(crate) fn var_names(&self) -> impl Iterator<Item = &str> {
        self.vars.keys().map(String::as_str)
    }

    pub(crate) fn secret_names(&self) -> impl Iterator<Item = &str> {
        self.secrets.keys().map(String::as_str)
    }

    /// Everything that is wrong with the variables, and whether signing is off for want of them.
    fn faults(&mut self, own: &BTreeSet<String>) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut blank = Vec::new();
        let (mut empty, mut set, mut readable) = (Vec::new(), Vec::new(), true);
        for name in own {
            let Some((variable, is_empty)) = self.fed(name) else {
                continue;
            };
            readable &= !self.has_fault(name);
            if is_empty {
                empty.push(variable);
            } else {
                set.push(variable);
            }
        }
        self.signing_off = readable && set.is_empty() && !empty.is_empty();
        if readable && let Some(known) = set.first() {
            faults.extend(empty.iter().map(|missing| Fault {
                table: "playback.sign",
                key: String::new(),
                what: format!(
                    "{missing} is not set although {known} is; set both, or neither to switch signing off"
                ),
            }));
        }
        let vars = self
            .vars
            .iter()
            .map(|(key, entry)| ("vars", key, entry.problem(), entry.needs_value()));
        let secrets = self
            .secrets
            .iter()
            .map(|(key, entry)| ("secrets", key, entry.problem(), entry.needs_value()));
        for (table, key, problem, needs_value) in vars.chain(secrets) {
            // What is off needs nothing, and where half of it is there, that was told above.
            let is_told = needs_value && readable && own.contains(&format!("{table}.{key}"));
            if let Some(what) = problem.filter(|_| !is_told) {
                let is_blank = what.ends_with(BLANK);
                let key = key.clone();
                let list = if is_blank { &mut blank } else { &mut faults };
                list.push(Fault { table, key, what });
            }
        }
        self.blank = blank;
        faults
    }

    fn has_fault(&self, name: &str) -> bool {
        let fault = match name.split_once('.') {
            Some(("vars", name)) => self.vars.get(name).map(|entry| &entry.fault),
            Some((_, name)) => self.secrets.get(name).map(|entry| &entry.fault),
            None => None,
        };
        fault.is_some_and(Option::is_some)
    }

    /// The environment variable (or name) behind `vars.x` or `secrets.x`, and whether it gave nothing.
    fn fed(&self, name: &str) -> Option<(String, bool)> {
        let (variable, empty) = match name.split_once('.')? {
            ("vars", name) => {
                let entry = self.vars.get(name)?;
                if entry.variable.is_none() || (entry.defaulted && !entry.empty) {
                    return None;
                }
                (&entry.variable, entry.empty)
            }
            (_, name) => {
                let entry = self.secrets.get(name)?;
                (&entry.variable, entry.empty)
            }
        };
        Some((variable.clone().unwrap_or_else(|| name.to_owned()), empty))
    }
}

/// What is said of a variable that is there without a value.
const BLANK: &str = "is set, but empty";

/// What is wrong with a variable behind a key.
pub(crate) struct Fault {
    pub(crate) table: &'static str,
    pub(crate) key: String,
    pub(crate) what: String,
}

/// The error of one fault, by its place, or of several in one line, so that all can be mended at once.
pub(crate) fn refuse(root: &Location, faults: &[Fault]) -> MapError {
    match faults {
        [Fault { table, key, what }] => root.table(table).error(key, what),
        several => {
            let shown: Vec<String> = several.iter().map(Fault::to_string).collect();
            root.error("", shown.join("; "))
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { table, key, what } = self;
        if key.is_empty() {
            write!(f, "[{table}]: {what}")
        } else {
            write!(f, "[{table}] {key}: {what}")
        }
    }
}

impl<T> Entry<T> {
    /// It was to be fed from the environment, and nothing came.
    fn needs_value(&self) -> bool {
        self.fault.is_none() && self.empty && self.variable.is_some() && !self.defaulted
    }

    fn problem(&self) -> Option<String> {
        if self.fault.is_some() {
            return self.fault.clone();
        }
        let variable = self.variable.as_deref().filter(|_| self.needs_value())?;
        Some(if self.unset {
            format!("the environment variable {variable} (or {variable}_FILE) is not set")
        } else {
            format!("the environment variable {variable} {BLANK}")
        })
    }
}

/// Reads a value of `[vars]`.
fn variable(value: &Constant, env: Env<'_>) -> Result<Entry<Value>, String> {
    match &value.0 {
        toml::Value::String(text) => expand(text, env).map(Expanded::variable),
        other => Ok(Entry {
            value: to_json(other.clone()),
            empty: false,
            fault: None,
            variable: None,
            unset: false,
            defaulted: false,
        }),
    }
}

struct Expanded {
    text: String,
    fault: Option<String>,
    variable: Option<String>,
    unset: bool,
    defaulted: bool,
}

impl Expanded {
    fn variable(self) -> Entry<Value> {
        Entry {
            empty: self.text.is_empty(),
            value: Value::String(self.text),
            fault: self.fault,
            variable: self.variable,
            unset: self.unset,
            defaulted: self.defaulted,
        }
    }

    fn secret(self) -> Entry<SecretString> {
        Entry {
            empty: self.text.is_empty(),
            value: SecretString::from(self.text),
            fault: self.fault,
            variable: self.variable,
            unset: self.unset,
            defaulted: self.defaulted,
        }
    }
}

/// Replaces every `${NAME}` and `${NAME:-default}`; what comes from the environment is not looked at again.
fn expand(text: &str, env: Env<'_>) -> Result<Expanded, String> {
    let mut out = Expanded {
        text: String::new(),
        fault: None,
        variable: None,
        unset: false,
        defaulted: false,
    };
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        out.text.push_str(&rest[..start]);
        let inner = &rest[start + 2..];
        let end = inner
            .find('}')
            .ok_or("`${` is not closed; allowed: ${NAME} or ${NAME:-default}")?;
        let (name, default) = match inner[..end].split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (&inner[..end], None),
        };
        if name.is_empty()
            || !name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        {
            return Err(format!(
                "`${{{name}}}` is no environment variable; allowed: ${{NAME}} or ${{NAME:-default}}"
            ));
        }
        let value = read_value(env, name).unwrap_or_else(|(origin, problem)| {
            out.fault = Some(format!("{origin} {problem}"));
            Some(String::new())
        });
        match (value, default) {
            // As a shell reads `:-`: what is empty is not set.
            (Some(value), default) if !value.is_empty() || default.is_none() => {
                out.text.push_str(spelled_like(default, &value));
            }
            (_, Some(default)) => {
                out.defaulted = true;
                out.text.push_str(default);
            }
            (_, None) => out.unset = true,
        }
        out.variable = Some(name.to_owned());
        rest = &inner[end + 1..];
    }
    out.text.push_str(rest);
    if out.unset {
        out.text.clear();
    }
    Ok(out)
}

/// `value` as its default is spelled: where that is an address without a slash at its end, paths follow it.
fn spelled_like<'a>(default: Option<&str>, value: &'a str) -> &'a str {
    let is_base = |text: &str| text.contains("://") && !text.ends_with('/');
    if default.is_some_and(is_base) && value.contains("://") {
        value.trim_end_matches('/')
    } else {
        value
    }
}

/// The `vars.x` and `secrets.x` that only what signs uses: others say nothing about whether signing is wanted.
fn own_to_signing(raw: &toml::Table) -> BTreeSet<String> {
    let (mut inside, mut outside) = (BTreeSet::new(), BTreeSet::new());
    for (name, table) in raw {
        match (name.as_str(), table) {
            // Why without `check`: a call that looks the key up needs no key where there is none.
            ("vars" | "secrets" | "check", _) => {}
            ("playback", toml::Value::Table(playback)) => {
                for (name, value) in playback {
                    let signs = name == "sign" || name == "compute";
                    collect_names(value, if signs { &mut inside } else { &mut outside });
                }
            }
            _ => collect_names(table, &mut outside),
        }
    }
    inside.difference(&outside).cloned().collect()
}

/// Every `vars.x` and `secrets.x` that a template under `value` names.
fn collect_names(value: &toml::Value, into: &mut BTreeSet<String>) {
    match value {
        toml::Value::String(text) => {
            for slot in text.split('{').skip(1) {
                if slot.starts_with("vars.") || slot.starts_with("secrets.") {
                    into.insert(slot.split(['}', '|']).next().unwrap_or_default().to_owned());
                }
            }
        }
        toml::Value::Array(items) => items.iter().for_each(|item| collect_names(item, into)),
        toml::Value::Table(table) => table.iter().for_each(|(_, item)| collect_names(item, into)),
        _ => {}
    }
}
