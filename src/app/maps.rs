//! Loading of action maps: from `providers.dir` where a file `NAME.toml` is there, else those that are built in.
//!
//! Two kinds of providers need their map: those that `providers.enabled` lists, and those that still have videos here. A
//! map of the second kind that shares the account of another one brings that one along: webhooks come in at its route.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};

use super::rate_ledger::shared_rate_ledger;
use super::start_error::StartError;
use crate::clock::Clock;
use crate::config::{ConfigError, Environment, Settings, closest_name};
use crate::domain::Policy;
use crate::local::{self, Local};
use crate::provider::{
    HashKey, LoadOptions, MapError, MapFile, MergedMap, Provider, embedded_map, embedded_names, variables,
};
use crate::state::ProviderSet;
use crate::store::Store;
use crate::telemetry::Metrics;

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

/// Returns the names of providers that take uploads, of those that have videos, and of those whose account the videos of
/// the latter belong to.
pub(super) fn names_to_load(settings: &Settings, in_use: &[String]) -> BTreeSet<String> {
    let enabled = &settings.providers.enabled;
    // Why only those: an enabled map whose account is not enabled is an error that names the setting, see `load_maps`.
    let for_videos_alone = in_use.iter().filter(|name| !enabled.contains(name));
    // Why faults are passed over: loading the map tells of them.
    let accounts =
        for_videos_alone.filter_map(|name| Some(read_map(settings, name).ok()?.account()?.to_owned()));
    let accounts: Vec<String> = accounts.collect();
    enabled.iter().chain(in_use).cloned().chain(accounts).collect()
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
    let mut loading = MapLoading::new(settings);
    for name in names {
        let options = LoadOptions {
            ledger: shared_rate_ledger(store),
            meter: metrics.call_meter(&name),
            clock: clock.clone(),
            hash_key: hash_key.clone(),
        };
        match loading.load(&name, &look_up, &options) {
            Ok(()) => {}
            Err(error) if settings.providers.enabled.contains(&name) => return Err(error),
            // Why with the number of videos: no setting names this provider, so the text must say what needs it.
            Err(error) => {
                return Err(StartError::MapInUse {
                    videos: count_videos(settings, store, &name).await?,
                    provider: name,
                    error: Box::new(error),
                });
            }
        }
    }
    let providers = loading.finish()?;
    check_default_policy(settings, &providers)?;
    let set = ProviderSet::new(providers).with_hash_key(hash_key.clone());
    Ok(match local {
        LocalAccess::Here(local) => set.with_local(local::NAME, local.missing_tools()),
        LocalAccess::Elsewhere(_) | LocalAccess::None => set,
    })
}

/// Counts the living videos that need the map `name`: its own, and those of maps that share its account.
async fn count_videos(settings: &Settings, store: &Store, name: &str) -> Result<i64, StartError> {
    let mut videos = store.count_living(name).await?;
    for other in store.providers_in_use().await? {
        let map = read_map(settings, &other);
        if map.is_ok_and(|map| map.account() == Some(name)) {
            videos += store.count_living(&other).await?;
        }
    }
    Ok(videos)
}

/// Maps on the way to providers: each is loaded by itself, then their accounts are held against each other.
pub(crate) struct MapLoading<'a> {
    settings: &'a Settings,
    loaded: Vec<(MergedMap, Provider)>,
}

impl<'a> MapLoading<'a> {
    /// Begins without a map.
    pub(crate) const fn new(settings: &'a Settings) -> Self {
        Self {
            settings,
            loaded: Vec::new(),
        }
    }

    /// Loads the map of `name`.
    ///
    /// # Errors
    /// The errors of [`read_map`]; the map does not compile or lacks a variable; or it shares an account whose map is not
    /// enabled, although it is enabled itself.
    pub(crate) fn load(
        &mut self,
        name: &str,
        env: &dyn Fn(&str) -> Option<String>,
        options: &LoadOptions,
    ) -> Result<(), StartError> {
        let map = read_map(self.settings, name)?;
        check_account_is_enabled(self.settings, name, &map)?;
        let provider = Provider::load_merged(name, &map, env, options)?;
        self.loaded.push((map, provider));
        Ok(())
    }

    /// Returns the providers.
    ///
    /// # Errors
    /// A map shares an account that it cannot share, see [`MergedMap::account_fault`].
    pub(crate) fn finish(self) -> Result<Vec<Provider>, StartError> {
        match self.account_faults().into_iter().next() {
            Some(fault) => Err(fault.into()),
            None => Ok(self.into_providers()),
        }
    }

    /// Returns the faults of maps that share an account which they cannot share. An account whose map is not loaded is
    /// passed over.
    pub(crate) fn account_faults(&self) -> Vec<MapError> {
        let find = |name: &str| self.loaded.iter().find(|(_, other)| other.name() == name);
        let sharing = self
            .loaded
            .iter()
            .filter(|(_, provider)| !provider.has_own_account());
        sharing
            .filter_map(|(map, provider)| map.account_fault(&find(provider.account())?.0))
            .collect()
    }

    /// Returns the providers without a check.
    pub(crate) fn into_providers(self) -> Vec<Provider> {
        self.loaded.into_iter().map(|(_, provider)| provider).collect()
    }
}

/// Checks that an enabled map which shares an account shares that of an enabled map.
fn check_account_is_enabled(settings: &Settings, name: &str, map: &MergedMap) -> Result<(), StartError> {
    let enabled = |name: &str| settings.providers.enabled.iter().any(|one| one == name);
    match map.account() {
        Some(account) if enabled(name) && !enabled(account) => {
            let problem = format!(
                "\"{name}\" shares the account of \"{account}\", which is not among them: webhooks come in at the route of \
                 that map, so add it"
            );
            Err(ConfigError::new("VIDEO_PROVIDERS__ENABLED", "providers.enabled", problem).into())
        }
        _ => Ok(()),
    }
}

/// Returns a lookup of variables for [`Provider::load_merged`]. Credentials of the built-in provider go before the
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

/// Returns the names of the variables of every map that is built in or lies in `providers.dir`. Of a map that cannot be
/// merged, those that stand in its own text; files that cannot be read are left out.
pub(super) fn read_all_variables(settings: &Settings) -> Vec<String> {
    let built_in = embedded_names().filter_map(MapFile::built_in);
    let files = map_files(settings)
        .into_iter()
        .filter_map(|path| MapFile::read(&path).ok());
    let names = built_in.chain(files).flat_map(|file| {
        let own = variables(file.text());
        MergedMap::read(file).map_or(own, |map| map.variables())
    });
    names.map(|(name, _)| name).collect()
}

/// Returns the names of all maps, each once: those that are built in, then those of the files in `providers.dir`.
pub(crate) fn map_names(settings: &Settings) -> Vec<String> {
    let stem = |path: PathBuf| Some(path.file_stem()?.to_str()?.to_owned());
    let stems: BTreeSet<String> = map_files(settings).into_iter().filter_map(stem).collect();
    let of_files = stems.into_iter().filter(|name| embedded_map(name).is_none());
    embedded_names().map(str::to_owned).chain(of_files).collect()
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

/// Reads the map of `name`, with everything that it takes from other maps: the file in `providers.dir` where there is one,
/// else the built-in map.
///
/// # Errors
/// [`StartError::MapFile`] where there is no such map or its file cannot be read; [`StartError::Map`] where the map or
/// one that it extends is malformed.
pub(crate) fn read_map(settings: &Settings, name: &str) -> Result<MergedMap, StartError> {
    let path = Path::new(&settings.providers.dir).join(format!("{name}.toml"));
    let file = if !settings.providers.dir.is_empty() && path.exists() {
        MapFile::read(&path).map_err(|error| StartError::MapFile {
            file: path.display().to_string(),
            problem: error.to_string(),
        })?
    } else {
        MapFile::built_in(name).ok_or_else(|| {
            let names = map_names(settings);
            StartError::MapFile {
                file: format!("provider \"{name}\""),
                problem: describe_missing_map(name, names.iter().map(String::as_str)),
            }
        })?
    };
    Ok(MergedMap::read(file)?)
}

/// Returns whether a map is that of the built-in provider, or takes its credentials from it. Only an open provider has
/// them.
pub(crate) fn needs_local(settings: &Settings, name: &str) -> bool {
    let is_local = |file: &MapFile| file.name() == local::NAME;
    name == local::NAME || read_map(settings, name).is_ok_and(|map| map.below().iter().any(is_local))
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
