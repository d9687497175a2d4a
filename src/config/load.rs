//! Defaults, then a file, then the environment: merged as TOML, with the source of every value remembered.

use std::collections::BTreeMap;
use std::path::Path;

use secrecy::SecretString;
use toml::{Table, Value};

use super::fault::Faults;
use super::names::{closest, is_of_kubernetes, variable_of};
use super::retired::{RETIRED, retired_warning};
use super::{ConfigError, DEFAULTS, Environment, Settings, check, events, names, read_secret, value};

/// Keys that are no settings of a file, and the variables that hold them.
pub(super) const SECRET_KEYS: [(&str, &str); 2] = [
    ("auth.jwt_secret", "VIDEO_AUTH__JWT_SECRET"),
    ("events.secrets", events::SECRETS),
];

/// The merged tree, and who set each key (`section.key` → file or variable).
pub(super) struct Merged {
    tree: Table,
    pub(super) origins: BTreeMap<String, String>,
    pub(super) warnings: Vec<String>,
}

impl Merged {
    /// The file or variable that set `key`, else the variable that would.
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

    /// Whether somebody set `key`.
    pub(super) fn is_set(&self, key: &str) -> bool {
        self.origins.contains_key(key)
    }
}

/// Loads and validates the settings.
///
/// # Errors
/// Every unknown key, misspelt variable, bad value and contradiction.
pub fn load(file: Option<&Path>, env: &Environment) -> Result<Settings, ConfigError> {
    let defaults: Table = DEFAULTS.parse().map_err(|error: toml::de::Error| {
        ConfigError::new("built-in defaults", "", error.message().to_owned())
    })?;
    let mut merged = Merged {
        tree: defaults.clone(),
        origins: BTreeMap::new(),
        warnings: Vec::new(),
    };
    let mut faults = Faults::default();
    let others = names::check(env, &mut faults);
    for name in env.unreadable().filter(|name| is_read(name)) {
        faults.add(name, "", "is not UTF-8 text");
    }
    let named = env
        .get(names::CONFIG)
        .map(super::text::trimmed)
        .filter(|path| !path.is_empty())
        .map(Path::new);
    if let Some(path) = file.or(named) {
        match read_file(path) {
            Ok(table) => merge_table(&mut merged, "", table, &path.display().to_string(), &mut faults),
            // What it sets is not known, so nothing else can be judged.
            Err(error) => {
                faults.take("", error);
                return Err(faults.into_error(None));
            }
        }
    }
    merge_environment(&mut merged, env, &mut faults);
    let mut settings = deserialize(&mut merged, &defaults, &mut faults)?;
    match jwt_secrets(env) {
        Ok(secrets) => settings.auth.jwt_secrets = secrets,
        Err(error) => faults.take("auth.jwt_secret", error),
    }
    match events::secrets(env) {
        Ok(secrets) => settings.events.secrets = secrets,
        Err(error) => faults.take("events.secrets", error),
    }
    check::check(&mut settings, &mut merged, &mut faults);
    settings.warnings = merged.warnings;
    settings.unread_variables = others;
    if faults.is_empty() {
        Ok(settings)
    } else {
        Err(faults.into_error(Some(settings)))
    }
}

/// Whether a variable of this name means anything here.
fn is_read(name: &str) -> bool {
    name.starts_with("VIDEO_") || matches!(name, "DATABASE_URL" | "DATABASE_URL_FILE")
}

/// The settings of the merged tree. A value that does not fit is noted and gives way to its default.
fn deserialize(merged: &mut Merged, defaults: &Table, faults: &mut Faults) -> Result<Settings, ConfigError> {
    loop {
        let error = match serde_path_to_error::deserialize(Value::Table(merged.tree.clone())) {
            Ok(settings) => return Ok(settings),
            Err(error) => error,
        };
        let path = error.path().to_string();
        let origin = merged.origin(&path);
        let problem = value::in_plain_words(error.into_inner().message());
        // The setting that the path lies in.
        let mut key = path.as_str();
        let default = loop {
            match (find(defaults, key), key.rfind(['.', '['])) {
                (Some(default), _) => break default.clone(),
                (None, Some(end)) => key = &key[..end],
                (None, None) => return Err(ConfigError::new(origin, path, problem)),
            }
        };
        let is_default = find(&merged.tree, key) == Some(&default);
        faults.add(&origin, key, &problem);
        let place = key
            .rsplit_once('.')
            .and_then(|(parent, name)| Some((table_mut(&mut merged.tree, parent)?, name)));
        match place {
            Some((table, name)) if !is_default => drop(table.insert(name.to_owned(), default)),
            _ => return Err(ConfigError::new(origin, path, problem)),
        }
    }
}

fn read_file(path: &Path) -> Result<Table, ConfigError> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|error| ConfigError::new(&name, "", format!("cannot be read: {error}")))?;
    text.trim_start_matches('\u{feff}')
        .parse()
        .map_err(|error: toml::de::Error| {
            let line = error.span().map_or(1, |span| {
                1 + text[..span.start.min(text.len())].matches('\n').count()
            });
            ConfigError::new(&name, format!("line {line}"), error.message())
        })
}

fn merge_table(merged: &mut Merged, prefix: &str, table: Table, origin: &str, faults: &mut Faults) {
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
            merged.warnings.push(warning);
            continue;
        }
        match (value, key == "playback.thumbnails") {
            (Value::Table(table), false) if find(&merged.tree, &key).is_some() => {
                merge_table(merged, &key, table, origin, faults);
            }
            (value, _) => {
                let value = value::tidy(&key, value);
                if !set(merged, &key, value, origin) {
                    faults.add(origin, &key, unknown(merged, &key));
                }
            }
        }
    }
}

fn merge_environment(merged: &mut Merged, env: &Environment, faults: &mut Faults) {
    for (name, text) in env.iter().filter(|(name, text)| !is_of_kubernetes(name, text)) {
        let Some((section, rest)) = name.strip_prefix("VIDEO_").and_then(|rest| rest.split_once("__")) else {
            continue;
        };
        let plain = name.strip_suffix("_FILE").unwrap_or(name);
        if SECRET_KEYS.iter().any(|(_, variable)| *variable == plain) {
            continue;
        }
        let key = format!("{section}.{}", rest.replace("__", ".")).to_lowercase();
        if let Some(warning) = retired_warning(RETIRED, name, &key) {
            merged.warnings.push(warning);
            continue;
        }
        let Some(default) = find(&merged.tree, &key) else {
            faults.add(name, &key, unknown(merged, &key));
            continue;
        };
        match value::read(&key, default, text) {
            Ok(value) => drop(set(merged, &key, value, name)),
            Err(problem) => faults.add(name, &key, problem),
        }
    }
    match read_secret(env, "DATABASE_URL") {
        Ok(Some(url)) => drop(set(merged, "database.url", Value::String(url), "DATABASE_URL")),
        Ok(None) => {}
        Err(error) => faults.take("database.url", error),
    }
}

/// Sets a key; false where there is none of this name.
fn set(merged: &mut Merged, key: &str, value: Value, origin: &str) -> bool {
    let Some((parent, name)) = key.rsplit_once('.') else {
        return false;
    };
    let known = find(&merged.tree, key).is_some();
    let slot = known.then(|| table_mut(&mut merged.tree, parent)).flatten();
    let Some(table) = slot else {
        return false;
    };
    table.insert(name.to_owned(), value);
    merged.origins.insert(key.to_owned(), origin.to_owned());
    true
}

fn find<'a>(tree: &'a Table, key: &str) -> Option<&'a Value> {
    let (first, rest) = key
        .split_once('.')
        .map_or((key, None), |(first, rest)| (first, Some(rest)));
    let value = tree.get(first)?;
    match rest {
        None => Some(value),
        Some(rest) => find(value.as_table()?, rest),
    }
}

fn table_mut<'a>(tree: &'a mut Table, key: &str) -> Option<&'a mut Table> {
    key.split('.')
        .try_fold(tree, |table, name| table.get_mut(name)?.as_table_mut())
}

/// What is wrong with a key that there is not, and what there is.
fn unknown(merged: &Merged, key: &str) -> String {
    let section = key.split('.').next().unwrap_or(key);
    let allowed: Vec<&str> = match merged.tree.get(section).and_then(Value::as_table) {
        Some(table) => table.keys().map(String::as_str).collect(),
        None => merged.tree.keys().map(String::as_str).collect(),
    };
    let listed = super::listed();
    let keys = listed.settings.iter().map(|setting| setting.key.as_str());
    let secrets = SECRET_KEYS.iter().map(|(key, _)| *key);
    let meant = closest(key, keys.chain(secrets));
    let meant = meant
        .map(|key| format!("; did you mean {key}?"))
        .unwrap_or_default();
    format!("unknown setting; allowed here: {}{meant}", allowed.join(", "))
}

fn jwt_secrets(env: &Environment) -> Result<Vec<SecretString>, ConfigError> {
    const NAME: &str = "VIDEO_AUTH__JWT_SECRET";
    let Some(text) = read_secret(env, NAME)? else {
        return Ok(Vec::new());
    };
    let secrets: Vec<&str> = text.split(',').map(str::trim).collect();
    if secrets.iter().any(|secret| secret.len() < 32) {
        return Err(ConfigError::new(
            NAME,
            "",
            "a secret needs at least 32 bytes; leave the variable out for none",
        ));
    }
    Ok(secrets.into_iter().map(SecretString::from).collect())
}
