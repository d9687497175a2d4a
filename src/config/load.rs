//! Defaults, then a file, then the environment: merged as TOML, with the source of every value remembered.

use std::collections::BTreeMap;
use std::path::Path;

use secrecy::SecretString;
use toml::{Table, Value};

use super::retired::{RETIRED, retired_warning};
use super::{DEFAULTS, Settings, check, events, read_secret};

/// Keys that are no settings of a file, and the variables that hold them.
pub(super) const SECRET_KEYS: [(&str, &str); 2] = [
    ("auth.jwt_secret", "VIDEO_AUTH__JWT_SECRET"),
    ("events.secrets", events::SECRETS),
];

/// Environment variables, as a value: tests pass their own.
#[derive(Clone, Debug, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The process's own; names or values that are not UTF-8 are passed over.
    pub fn of_process() -> Self {
        let text = |value: std::ffi::OsString| value.into_string().ok();
        Self(
            std::env::vars_os()
                .filter_map(|(name, value)| Some((text(name)?, text(value)?)))
                .collect(),
        )
    }

    /// The value of `name`, which may be empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// All names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self(
            pairs
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}

/// Why the settings were refused: one line that names the file or variable, the key and what is allowed.
#[derive(Debug, thiserror::Error)]
#[error("{origin}{}{key}: {problem}", if .key.is_empty() { "" } else { ": " })]
pub struct ConfigError {
    origin: String,
    key: String,
    problem: String,
}

impl ConfigError {
    /// `origin` is a file or a variable; `key` may be empty where the origin says it all.
    pub fn new(origin: impl Into<String>, key: impl Into<String>, problem: impl Into<String>) -> Self {
        let one_line = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
        Self {
            origin: origin.into(),
            key: key.into(),
            problem: one_line(problem.into()),
        }
    }
}

/// The merged tree, and who set each key (`section.key` → file or variable).
pub(super) struct Merged {
    tree: Table,
    pub(super) origins: BTreeMap<String, String>,
    warnings: Vec<String>,
}

impl Merged {
    /// The file or variable that set `key`, else the embedded defaults.
    pub(super) fn origin(&self, key: &str) -> &str {
        self.origins
            .get(key)
            .map_or("config/default.toml", String::as_str)
    }
}

/// Loads and validates the settings.
///
/// # Errors
/// The first unknown key, bad value or contradiction.
pub fn load(file: Option<&Path>, env: &Environment) -> Result<Settings, ConfigError> {
    let tree = DEFAULTS.parse().map_err(|error: toml::de::Error| {
        ConfigError::new("config/default.toml", "", error.message().to_owned())
    })?;
    let mut merged = Merged {
        tree,
        origins: BTreeMap::new(),
        warnings: Vec::new(),
    };
    let named = env
        .get("VIDEO_CONFIG")
        .filter(|path| !path.is_empty())
        .map(Path::new);
    if let Some(path) = file.or(named) {
        merge_file(&mut merged, path)?;
    }
    merge_environment(&mut merged, env)?;
    let mut settings: Settings = serde_path_to_error::deserialize(Value::Table(merged.tree.clone()))
        .map_err(|error| {
            let key = error.path().to_string();
            ConfigError::new(merged.origin(&key), key, error.into_inner().message())
        })?;
    settings.auth.jwt_secrets = jwt_secrets(env)?;
    settings.events.secrets = events::secrets(env)?;
    check::check(&mut settings, &merged)?;
    settings.warnings = merged.warnings;
    Ok(settings)
}

fn merge_file(merged: &mut Merged, path: &Path) -> Result<(), ConfigError> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|error| ConfigError::new(&name, "", format!("cannot be read: {error}")))?;
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        let line = error
            .span()
            .map_or(1, |span| 1 + text[..span.start].matches('\n').count());
        ConfigError::new(&name, format!("line {line}"), error.message())
    })?;
    merge_table(merged, "", table, &name)
}

fn merge_table(merged: &mut Merged, prefix: &str, table: Table, origin: &str) -> Result<(), ConfigError> {
    for (name, value) in table {
        let key = if prefix.is_empty() {
            name
        } else {
            format!("{prefix}.{name}")
        };
        if let Some((_, variable)) = SECRET_KEYS.iter().find(|(secret, _)| *secret == key) {
            let hint = format!("secrets come from the environment alone: set {variable}");
            return Err(ConfigError::new(origin, key, hint));
        }
        if let Some(warning) = retired_warning(RETIRED, origin, &key) {
            merged.warnings.push(warning);
            continue;
        }
        match (value, key == "playback.thumbnails") {
            (Value::Table(table), false) => merge_table(merged, &key, table, origin)?,
            (value, _) => set(merged, &key, value, origin)?,
        }
    }
    Ok(())
}

fn merge_environment(merged: &mut Merged, env: &Environment) -> Result<(), ConfigError> {
    for (name, text) in env.iter() {
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
            return Err(unknown(merged, name, &key));
        };
        let value = parse_as(default, text).map_err(|problem| ConfigError::new(name, &key, problem))?;
        set(merged, &key, value, name)?;
    }
    if let Some(url) = read_secret(env, "DATABASE_URL")? {
        set(merged, "database.url", Value::String(url), "DATABASE_URL")?;
    }
    Ok(())
}

/// An environment variable's text, read as the type of the key's default.
fn parse_as(default: &Value, text: &str) -> Result<Value, String> {
    let not = |kind: &str| format!("\"{text}\" is not {kind}");
    match default {
        Value::Integer(_) => text
            .parse()
            .map(Value::Integer)
            .map_err(|_| not("a whole number")),
        Value::Float(_) => text.parse().map(Value::Float).map_err(|_| not("a number")),
        Value::Boolean(_) => text.parse().map(Value::Boolean).map_err(|_| not("true or false")),
        Value::Array(_) if text.trim_start().starts_with('[') => serde_json::from_str::<Vec<String>>(text)
            .map(strings)
            .map_err(|_| not("a JSON list of texts")),
        Value::Array(_) => Ok(strings(
            text.split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(str::to_owned)
                .collect(),
        )),
        Value::Table(_) => serde_json::from_str(text).map_err(|_| not("a JSON object of names and numbers")),
        _ => Ok(Value::String(text.to_owned())),
    }
}

fn strings(items: Vec<String>) -> Value {
    Value::Array(items.into_iter().map(Value::String).collect())
}

fn set(merged: &mut Merged, key: &str, value: Value, origin: &str) -> Result<(), ConfigError> {
    let Some((parent, name)) = key.rsplit_once('.') else {
        return Err(unknown(merged, origin, key));
    };
    let known = find(&merged.tree, key).is_some();
    let slot = known.then(|| table_mut(&mut merged.tree, parent)).flatten();
    let Some(table) = slot else {
        return Err(unknown(merged, origin, key));
    };
    table.insert(name.to_owned(), value);
    merged.origins.insert(key.to_owned(), origin.to_owned());
    Ok(())
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

fn unknown(merged: &Merged, origin: &str, key: &str) -> ConfigError {
    let section = key.split('.').next().unwrap_or(key);
    let allowed: Vec<&str> = match merged.tree.get(section).and_then(Value::as_table) {
        Some(table) => table.keys().map(String::as_str).collect(),
        None => merged.tree.keys().map(String::as_str).collect(),
    };
    ConfigError::new(
        origin,
        key,
        format!("unknown setting; allowed here: {}", allowed.join(", ")),
    )
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
