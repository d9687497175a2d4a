//! Loading: the steps that the documentation of [`config`](crate::config) numbers.

use std::path::Path;

use secrecy::SecretString;
use toml::{Table, Value};

use super::environment::Environment;
use super::fault::{ConfigError, Faults};
use super::listing::{DEFAULTS, EVENT_SECRETS, JWT_SECRET};
use super::merged::Merged;
use super::secrets::read_secret;
use super::settings::Settings;
use super::text::trimmed;
use super::tree::find_value;
use super::{check, endpoint_secrets, events, value, variables};

/// Fewest bytes of a secret that signs callers' tokens: as many as an HS256 tag has (RFC 7518, 3.2).
const LEAST_SECRET_BYTES: usize = 32;

/// Loads and validates the settings. The file is `file`, else the one that `VIDEO_CONFIG` names, else none.
///
/// # Errors
/// Every unknown key, misspelt variable, bad value and contradiction, all in one [`ConfigError`]. An unreadable file is
/// reported with what was found before it, and without the later steps.
pub fn load(file: Option<&Path>, env: &Environment) -> Result<Settings, ConfigError> {
    let defaults: Table = DEFAULTS.parse().map_err(|error: toml::de::Error| {
        ConfigError::new("built-in defaults", "", error.message().to_owned())
    })?;
    let mut merged = Merged::from_defaults(defaults.clone());
    let mut faults = Faults::default();
    let path = file.or(named_file(env));
    let file = path.map(|path| (path, read_file(path)));
    let in_file = file.as_ref().and_then(|(_, table)| table.as_ref().ok());
    let named = endpoint_secrets::secret_variables(in_file, env);
    // Why before a fault of the file: an error about the file must also name a misspelt `VIDEO_CONFIG`.
    let unread_variables = variables::check_names(env, &named, &mut faults);
    for name in env.unreadable().filter(|name| is_read(name)) {
        faults.add(name, "", "is not UTF-8 text");
    }
    if let Some((path, table)) = file {
        match table {
            Ok(table) => merged.merge_file(table, &path.display().to_string(), &mut faults),
            // Why: the values of the file are not known, so every later check would judge the wrong settings.
            Err(error) => {
                faults.add_error("", error);
                return Err(faults.into_error(None));
            }
        }
    }
    merged.merge_environment(env, &named, &mut faults);
    let mut settings = deserialize_tree(&mut merged, &defaults, &mut faults)?;
    // Why faults of secrets have a key: later checks pass over a secret that is faulty, instead of calling it missing.
    match read_jwt_secrets(env) {
        Ok(secrets) => settings.auth.jwt_secrets = secrets,
        Err(error) => faults.add_error("auth.jwt_secret", error),
    }
    match events::read_signing_secrets(env, EVENT_SECRETS) {
        Ok(secrets) => settings.events.secrets = secrets,
        Err(error) => faults.add_error("events.secrets", error),
    }
    endpoint_secrets::read_secrets(&mut settings.events, env, &merged, &mut faults);
    check::check_settings(&mut settings, &mut merged, &mut faults);
    settings.sources = merged.to_sources();
    settings.warnings = merged.warnings;
    settings.unread_variables = unread_variables;
    if faults.is_empty() {
        Ok(settings)
    } else {
        Err(faults.into_error(Some(settings)))
    }
}

/// Returns whether the service reads variables of this name: only then their form matters.
fn is_read(name: &str) -> bool {
    name.starts_with("VIDEO_") || matches!(name, "DATABASE_URL" | "DATABASE_URL_FILE")
}

/// Returns the file that [`CONFIG`](variables::CONFIG) names; an empty value names none.
fn named_file(env: &Environment) -> Option<&Path> {
    env.get(variables::CONFIG)
        .map(trimmed)
        .filter(|path| !path.is_empty())
        .map(Path::new)
}

/// Deserialises the merged tree to [`Settings`]. A value of the wrong type becomes a fault and gives way to its
/// default.
///
/// # Errors
/// The tree still does not fit where the default already stands.
fn deserialize_tree(
    merged: &mut Merged,
    defaults: &Table,
    faults: &mut Faults,
) -> Result<Settings, ConfigError> {
    // Each pass through the loop replaces one value by its default, so it ends.
    loop {
        let error = match serde_path_to_error::deserialize(Value::Table(merged.tree().clone())) {
            Ok(settings) => return Ok(settings),
            Err(error) => error,
        };
        let path = error.path().to_string();
        let origin = merged.origin(&path);
        let problem = value::in_plain_words(error.into_inner().message());
        // The path may lead into a list: its setting is the longest part that has a default.
        let mut key = path.as_str();
        let default = loop {
            match (find_value(defaults, key), key.rfind(['.', '['])) {
                (Some(default), _) => break default.clone(),
                (None, Some(end)) => key = &key[..end],
                (None, None) => return Err(ConfigError::new(origin, path, problem)),
            }
        };
        faults.add(&origin, key, &problem);
        if !merged.restore_default(key, default) {
            return Err(ConfigError::new(origin, path, problem));
        }
    }
}

/// Reads and parses the settings file. A byte-order mark at its head does not count.
fn read_file(path: &Path) -> Result<Table, ConfigError> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|error| ConfigError::new(&name, "", format!("cannot be read: {error}")))?;
    // Why at once: the error's span counts in the text that is parsed.
    let text = text.trim_start_matches('\u{feff}');
    text.parse().map_err(|error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = 1 + before.map_or(0, |before| before.matches('\n').count());
        ConfigError::new(&name, format!("line {line}"), error.message())
    })
}

/// Reads the comma-separated HS256 secrets of callers' tokens
/// ([`Auth::jwt_secrets`](super::settings::Auth::jwt_secrets)); none where the variable is not set.
fn read_jwt_secrets(env: &Environment) -> Result<Vec<SecretString>, ConfigError> {
    let Some(text) = read_secret(env, JWT_SECRET)? else {
        return Ok(Vec::new());
    };
    let secrets: Vec<&str> = text.split(',').map(str::trim).collect();
    // Why: an empty value is one secret of no bytes, and refused. It must not read as "unset", which would be
    // development mode.
    if secrets.iter().any(|secret| secret.len() < LEAST_SECRET_BYTES) {
        return Err(ConfigError::new(
            JWT_SECRET,
            "",
            "a secret needs at least 32 bytes; leave the variable out for none",
        ));
    }
    Ok(secrets.into_iter().map(SecretString::from).collect())
}
