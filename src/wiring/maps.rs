//! Which action maps are loaded, and from where.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

use super::StartError;
use super::turns::ledger;
use crate::clock::Clock;
use crate::config::{ConfigError, Environment, Settings, closest};
use crate::domain::Policy;
use crate::local::{self, Local};
use crate::provider::{HashKey, LoadOptions, Provider, TurnLedger, embedded, embedded_names};
use crate::state::ProviderSet;
use crate::store::Store;
use crate::telemetry::{CallMeter, Metrics};

/// Where the built-in provider is.
#[derive(Clone, Copy)]
pub(super) enum LocalHere<'a> {
    /// In this process.
    Runs(&'a Local),
    /// Another process has its folder: its credentials.
    RunsElsewhere(&'a BTreeMap<&'static str, SecretString>),
    /// No video is there, and no upload may go there.
    Not,
}

/// Providers that take uploads, and those that have videos.
pub(super) fn names(settings: &Settings, in_use: &[String]) -> BTreeSet<String> {
    settings.providers.enabled.iter().chain(in_use).cloned().collect()
}

/// The maps of `names`. What `env` does not have, the built-in provider may.
#[expect(
    clippy::too_many_arguments,
    reason = "the wiring alone calls it, with each part once"
)]
pub(super) async fn load(
    settings: &Settings,
    names: BTreeSet<String>,
    env: &Environment,
    store: &Store,
    local: LocalHere<'_>,
    metrics: &Metrics,
    clock: &Clock,
    hash_key: &HashKey,
) -> Result<ProviderSet, StartError> {
    let made = match local {
        LocalHere::Runs(local) => Some(local.credentials()),
        LocalHere::RunsElsewhere(made) => Some(made),
        LocalHere::Not => None,
    };
    let look_up = look_up(env, made);
    let mut providers = Vec::new();
    for name in names {
        let meter = metrics.calls_to(&name);
        match load_map(settings, &name, &look_up, ledger(store), meter, clock, hash_key) {
            Ok(provider) => providers.push(provider),
            Err(error) if settings.providers.enabled.contains(&name) => return Err(error),
            Err(error) => {
                return Err(StartError::MapInUse {
                    videos: store.count_living(&name).await?,
                    provider: name,
                    error: Box::new(error),
                });
            }
        }
    }
    check_default(settings, &providers)?;
    let set = ProviderSet::new(providers).with_hash_key(hash_key.clone());
    Ok(match local {
        LocalHere::Runs(local) => set.with_local(local::NAME, local.missing_tools()),
        LocalHere::RunsElsewhere(_) | LocalHere::Not => set,
    })
}

/// Looks variables up: what the built-in provider made, or was given, goes before the environment.
pub(super) fn look_up(
    env: &Environment,
    made: Option<&BTreeMap<&'static str, SecretString>>,
) -> impl Fn(&str) -> Option<String> {
    move |name: &str| {
        if let Some(value) = made.and_then(|made| made.get(name)) {
            return Some(value.expose_secret().to_owned());
        }
        let plain = name.strip_suffix("_FILE").unwrap_or(name);
        let is_made = made.is_some_and(|made| made.contains_key(plain));
        env.get(name).filter(|_| !is_made).map(str::to_owned)
    }
}

/// The text of every map that there is: built in, or in `providers.dir`.
pub(super) fn texts(settings: &Settings) -> Vec<String> {
    let mut texts: Vec<String> = embedded_names().filter_map(embedded).map(str::to_owned).collect();
    texts.extend(
        map_files(settings)
            .into_iter()
            .filter_map(|path| std::fs::read_to_string(path).ok()),
    );
    texts
}

fn map_files(settings: &Settings) -> Vec<PathBuf> {
    if settings.providers.dir.is_empty() {
        return Vec::new();
    }
    let entries = std::fs::read_dir(&settings.providers.dir).into_iter().flatten();
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .collect()
}

/// What is said of a map that there is not: which there are, and which was probably meant.
pub(crate) fn no_such_map<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    let meant = closest(name, names.iter().copied());
    let meant = meant
        .map(|meant| format!("; did you mean {meant}?"))
        .unwrap_or_default();
    format!(
        "there is no map of this name; there are: {}{meant}",
        names.join(", ")
    )
}

/// The map of `name`: from `providers.dir` where there is one, else the built-in one.
pub(crate) fn load_map(
    settings: &Settings,
    name: &str,
    env: &dyn Fn(&str) -> Option<String>,
    ledger: Arc<dyn TurnLedger>,
    meter: CallMeter,
    clock: &Clock,
    hash_key: &HashKey,
) -> Result<Provider, StartError> {
    let options = LoadOptions {
        ledger,
        meter,
        clock: clock.clone(),
        hash_key: hash_key.clone(),
    };
    let path = Path::new(&settings.providers.dir).join(format!("{name}.toml"));
    if !settings.providers.dir.is_empty() && path.exists() {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(&path).map_err(|error| StartError::MapFile {
            file: file.clone(),
            problem: error.to_string(),
        })?;
        return Ok(Provider::load(name, &file, &text, env, &options)?);
    }
    let Some(text) = embedded(name) else {
        let files = map_files(settings);
        let mut names: Vec<&str> = embedded_names().collect();
        names.extend(files.iter().filter_map(|path| path.file_stem()?.to_str()));
        return Err(StartError::MapFile {
            file: format!("provider \"{name}\""),
            problem: no_such_map(name, names),
        });
    };
    Ok(Provider::load(
        name,
        &format!("{name}.toml (built in)"),
        text,
        env,
        &options,
    )?)
}

/// The policy of uploads that ask for none must be one that the default provider can play.
pub(crate) fn check_default(settings: &Settings, providers: &[Provider]) -> Result<(), StartError> {
    let default = providers
        .iter()
        .find(|provider| provider.name() == settings.providers.default);
    let policy = settings.uploads.playback_policy;
    if policy == Policy::Signed && default.is_some_and(|provider| !provider.can_play(Policy::Signed)) {
        return Err(StartError::Config(ConfigError::new(
            "VIDEO_UPLOADS__PLAYBACK_POLICY",
            "uploads.playback_policy",
            format!(
                "is \"signed\", but provider \"{}\" has no signing key: set its key's variables or use \"public\"",
                settings.providers.default
            ),
        )));
    }
    Ok(())
}
