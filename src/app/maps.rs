//! Loading of action maps: from `providers.dir` where a file `NAME.toml` is there, else those that are built in.
//!
//! Two kinds of providers need their map: those that `providers.enabled` lists, and those that still have videos here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

use super::rate_ledger::shared_rate_ledger;
use super::start_error::StartError;
use crate::clock::Clock;
use crate::config::{ConfigError, Environment, Settings, closest_name};
use crate::domain::Policy;
use crate::local::{self, Local};
use crate::provider::{HashKey, LoadOptions, Provider, RateLedger, embedded_map, embedded_names};
use crate::state::ProviderSet;
use crate::store::Store;
use crate::telemetry::{CallMeter, Metrics};

/// The access to the built-in provider.
#[derive(Clone, Copy)]
pub(super) enum LocalAccess<'a> {
    /// The provider runs in this process.
    Here(&'a Local),
    /// Another process has the provider's folder: the credentials for calling it.
    Elsewhere(&'a BTreeMap<&'static str, SecretString>),
    /// The provider is not needed: it has no videos, and takes no uploads.
    None,
}

/// Returns the names of providers that take uploads, and of those that have videos.
pub(super) fn names_to_load(settings: &Settings, in_use: &[String]) -> BTreeSet<String> {
    settings.providers.enabled.iter().chain(in_use).cloned().collect()
}

/// Loads the maps of `names`, with secrets from `env` and, for the built-in provider, its own credentials.
///
/// # Errors
/// The first map that is missing or wrong, with the number of its videos where it is loaded for them alone; or the
/// default policy of uploads does not fit the default provider, see [`check_default_policy`].
#[expect(
    clippy::too_many_arguments,
    reason = "start and reload alone call it, with each part once"
)]
pub(super) async fn load_maps(
    settings: &Settings,
    names: BTreeSet<String>,
    env: &Environment,
    store: &Store,
    local: LocalAccess<'_>,
    metrics: &Metrics,
    clock: &Clock,
    hash_key: &HashKey,
) -> Result<ProviderSet, StartError> {
    let credentials = match local {
        LocalAccess::Here(local) => Some(local.credentials()),
        LocalAccess::Elsewhere(credentials) => Some(credentials),
        LocalAccess::None => None,
    };
    let look_up = variable_lookup(env, credentials);
    let mut providers = Vec::new();
    for name in names {
        let meter = metrics.call_meter(&name);
        match load_map(
            settings,
            &name,
            &look_up,
            shared_rate_ledger(store),
            meter,
            clock,
            hash_key,
        ) {
            Ok(provider) => providers.push(provider),
            Err(error) if settings.providers.enabled.contains(&name) => return Err(error),
            // Why with the number of videos: no setting names this provider, so the text must say what needs it.
            Err(error) => {
                return Err(StartError::MapInUse {
                    videos: store.count_living(&name).await?,
                    provider: name,
                    error: Box::new(error),
                });
            }
        }
    }
    check_default_policy(settings, &providers)?;
    let set = ProviderSet::new(providers).with_hash_key(hash_key.clone());
    Ok(match local {
        LocalAccess::Here(local) => set.with_local(local::NAME, local.missing_tools()),
        LocalAccess::Elsewhere(_) | LocalAccess::None => set,
    })
}

/// Returns a lookup of variables for [`Provider::load`]. Credentials of the built-in provider go before the
/// environment, and hide both `NAME` and `NAME_FILE` there.
pub(super) fn variable_lookup(
    env: &Environment,
    credentials: Option<&BTreeMap<&'static str, SecretString>>,
) -> impl Fn(&str) -> Option<String> {
    move |name: &str| {
        if let Some(value) = credentials.and_then(|credentials| credentials.get(name)) {
            return Some(value.expose_secret().to_owned());
        }
        let plain = name.strip_suffix("_FILE").unwrap_or(name);
        let is_hidden = credentials.is_some_and(|credentials| credentials.contains_key(plain));
        env.get(name).filter(|_| !is_hidden).map(str::to_owned)
    }
}

/// Returns the text of every map that is built in or lies in `providers.dir`; files that cannot be read are left out.
pub(super) fn read_all_maps(settings: &Settings) -> Vec<String> {
    let mut texts: Vec<String> = embedded_names()
        .filter_map(embedded_map)
        .map(str::to_owned)
        .collect();
    texts.extend(
        map_files(settings)
            .into_iter()
            .filter_map(|path| std::fs::read_to_string(path).ok()),
    );
    texts
}

/// Lists the `.toml` files in `providers.dir`, in no order; none where the folder cannot be read.
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

/// Returns the text of the error about a map that does not exist: all `names`, and the one that was probably meant.
pub(crate) fn describe_missing_map<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    let meant = closest_name(name, names.iter().copied());
    let meant = meant
        .map(|meant| format!("; did you mean {meant}?"))
        .unwrap_or_default();
    format!(
        "there is no map of this name; there are: {}{meant}",
        names.join(", ")
    )
}

/// Loads the map of `name`: the file in `providers.dir` where there is one, else the built-in map.
///
/// # Errors
/// [`StartError::MapFile`] where there is no such map or its file cannot be read; [`StartError::Map`] where the map or
/// one of its secrets is wrong.
pub(crate) fn load_map(
    settings: &Settings,
    name: &str,
    env: &dyn Fn(&str) -> Option<String>,
    ledger: Arc<dyn RateLedger>,
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
    let Some(text) = embedded_map(name) else {
        let files = map_files(settings);
        let mut names: Vec<&str> = embedded_names().collect();
        names.extend(files.iter().filter_map(|path| path.file_stem()?.to_str()));
        return Err(StartError::MapFile {
            file: format!("provider \"{name}\""),
            problem: describe_missing_map(name, names),
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

/// Checks that the default provider can play the default policy of uploads. A default provider that is not among
/// `providers` is not checked.
///
/// # Errors
/// [`StartError::Config`]: `uploads.playback_policy` is `signed`, and the provider has no signing key.
pub(crate) fn check_default_policy(settings: &Settings, providers: &[Provider]) -> Result<(), StartError> {
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
