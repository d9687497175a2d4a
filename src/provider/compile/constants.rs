//! `[vars]` and `[secrets]`: read from the environment once, at start.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::SecretString;
use serde_json::Value;

use super::super::{Env, error::MapError};
use super::reader::{Reader, to_json};

/// Public constants and secrets of one map, and whether signing is switched off.
#[derive(Default)]
pub(crate) struct Constants {
    vars: BTreeMap<String, Entry<Value>>,
    secrets: BTreeMap<String, Entry<SecretString>>,
    /// Every secret and environment-fed variable that `[playback.sign]` alone uses is empty.
    pub(crate) signing_off: bool,
}

struct Entry<T> {
    value: T,
    empty: bool,
    /// The environment variable that it waits for, or was read from.
    variable: Option<String>,
    unset: bool,
    /// Its value is a default written in the map, so nobody set it and nobody needs to.
    defaulted: bool,
}

impl Constants {
    /// Reads `[vars]` and `[secrets]`, and decides whether `[playback.sign]` is off.
    pub(crate) fn load(root: &mut Reader, env: Env<'_>) -> Result<Self, MapError> {
        let mut this = Self::default();
        if let Some(mut vars) = root.table("vars")? {
            for (name, value) in vars.entries() {
                let entry = variable(&vars, &name, value, env)?;
                this.vars.insert(name, entry);
            }
        }
        if let Some(mut secrets) = root.table("secrets")? {
            for (name, value) in secrets.entries() {
                let toml::Value::String(text) = &value else {
                    return Err(secrets.wrong(&name, "a text", &value));
                };
                let read = expand(text, env).map_err(|what| secrets.error(&name, what))?;
                this.secrets.insert(name, read.secret());
            }
        }
        let own = own_to_signing(root);
        this.settle_signing(root, &own)?;
        this.refuse_unset(root, &own)?;
        Ok(this)
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

    fn settle_signing(&mut self, root: &Reader, own: &BTreeSet<String>) -> Result<(), MapError> {
        let mut empty = Vec::new();
        let mut set = Vec::new();
        for name in own {
            let Some((variable, is_empty)) = self.fed(name) else {
                continue;
            };
            if is_empty {
                empty.push(variable);
            } else {
                set.push(variable);
            }
        }
        if let (Some(missing), Some(known)) = (empty.first(), set.first()) {
            let what = format!(
                "{missing} is not set although {known} is; set both, or neither to switch signing off"
            );
            return Err(root.error_in("playback.sign", "", what));
        }
        self.signing_off = !empty.is_empty();
        Ok(())
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

    fn refuse_unset(&self, root: &Reader, own: &BTreeSet<String>) -> Result<(), MapError> {
        let excused = |name: &str| self.signing_off && own.contains(name);
        let vars = self
            .vars
            .iter()
            .filter(|(_, entry)| entry.unset)
            .map(|(key, entry)| ("vars", key, &entry.variable));
        let secrets = self
            .secrets
            .iter()
            .filter(|(_, entry)| entry.unset)
            .map(|(key, entry)| ("secrets", key, &entry.variable));
        for (table, key, variable) in vars.chain(secrets) {
            if !excused(&format!("{table}.{key}")) {
                let variable = variable.as_deref().unwrap_or_default();
                let what = format!("the environment variable {variable} (or {variable}_FILE) is not set");
                return Err(root.error_in(table, key, what));
            }
        }
        Ok(())
    }
}

fn variable(at: &Reader, key: &str, value: toml::Value, env: Env<'_>) -> Result<Entry<Value>, MapError> {
    match value {
        toml::Value::String(text) => {
            let read = expand(&text, env).map_err(|what| at.error(key, what))?;
            Ok(read.variable())
        }
        toml::Value::Table(_) | toml::Value::Array(_) => {
            Err(at.wrong(key, "a text, number or true/false", &value))
        }
        other => Ok(Entry {
            value: to_json(other),
            empty: false,
            variable: None,
            unset: false,
            defaulted: false,
        }),
    }
}

struct Expanded {
    text: String,
    variable: Option<String>,
    unset: bool,
    defaulted: bool,
}

impl Expanded {
    fn variable(self) -> Entry<Value> {
        Entry {
            empty: self.text.is_empty(),
            value: Value::String(self.text),
            variable: self.variable,
            unset: self.unset,
            defaulted: self.defaulted,
        }
    }

    fn secret(self) -> Entry<SecretString> {
        Entry {
            empty: self.text.is_empty(),
            value: SecretString::from(self.text),
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
        match (read(name, env)?, default) {
            (Some(value), _) => out.text.push_str(&value),
            (None, Some(default)) => {
                out.defaulted = true;
                out.text.push_str(default);
            }
            (None, None) => out.unset = true,
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

/// `NAME`, else the file that `NAME_FILE` names, without its last newline.
fn read(name: &str, env: Env<'_>) -> Result<Option<String>, String> {
    if let Some(value) = env(name) {
        return Ok(Some(value));
    }
    let Some(path) = env(&format!("{name}_FILE")) else {
        return Ok(None);
    };
    let text =
        std::fs::read_to_string(&path).map_err(|error| format!("{name}_FILE cannot be read: {error}"))?;
    let text = text
        .strip_suffix('\n')
        .map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
    Ok(Some(text.to_owned()))
}

/// The `vars.x` and `secrets.x` that only what signs uses: others say nothing about whether signing is wanted.
fn own_to_signing(root: &Reader) -> BTreeSet<String> {
    let (mut inside, mut outside) = (BTreeSet::new(), BTreeSet::new());
    // What a check asks about a key does not make anybody need the key.
    for (path, value) in root.peek_all().filter(|(path, _)| path != "check") {
        let signs = path == "playback.sign" || path == "playback.compute";
        collect_names(value, if signs { &mut inside } else { &mut outside });
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
