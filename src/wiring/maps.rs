//! Which action maps are loaded, and from where.

use std::collections::BTreeSet;
use std::path::Path;

use secrecy::ExposeSecret;

use super::StartError;
use crate::clock::Clock;
use crate::config::{ConfigError, Environment, Settings};
use crate::domain::Policy;
use crate::local::{self, Local};
use crate::provider::{LoadOptions, Provider, embedded};
use crate::state::ProviderSet;
use crate::store::Store;
use crate::telemetry::{CallMeter, Metrics};

/// Providers that take uploads, and those that have videos.
pub(super) fn names(settings: &Settings, in_use: &[String]) -> BTreeSet<String> {
    settings.providers.enabled.iter().chain(in_use).cloned().collect()
}

/// The maps of `names`. What `env` does not have, the built-in provider may.
pub(super) async fn load(
    settings: &Settings,
    names: BTreeSet<String>,
    env: &Environment,
    store: &Store,
    local: Option<&Local>,
    metrics: &Metrics,
    clock: &Clock,
) -> Result<ProviderSet, StartError> {
    let made = |name: &str| {
        let value = local?.credentials().get(name)?;
        Some(value.expose_secret().to_owned())
    };
    let look_up = |name: &str| env.get(name).map(str::to_owned).or_else(|| made(name));
    let mut providers = Vec::new();
    for name in names {
        match load_map(settings, &name, &look_up, metrics.calls_to(&name), clock) {
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
    let set = ProviderSet::new(providers);
    Ok(match local {
        Some(local) => set.with_local(local::NAME, local.missing_tools()),
        None => set,
    })
}

/// The map of `name`: from `providers.dir` where there is one, else the built-in one.
pub(crate) fn load_map(
    settings: &Settings,
    name: &str,
    env: &dyn Fn(&str) -> Option<String>,
    meter: CallMeter,
    clock: &Clock,
) -> Result<Provider, StartError> {
    let options = LoadOptions {
        replicas: settings.providers.replicas,
        meter,
        clock: clock.clone(),
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
    let text = embedded(name).ok_or_else(|| StartError::MapFile {
        file: format!("{name}.toml"),
        problem: format!(
            "there is no built-in map of this name, and none in providers.dir (\"{}\")",
            settings.providers.dir
        ),
    })?;
    Ok(Provider::load(
        name,
        &format!("config/providers/{name}.toml"),
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
            "settings",
            "uploads.playback_policy",
            format!(
                "is \"signed\", but provider \"{}\" has no signing key: set its key's variables or use \"public\"",
                settings.providers.default
            ),
        )));
    }
    Ok(())
}
