//! What can be told to be wrong before anything is opened: settings, who may call, maps and their secrets, all at once.

use super::{StartError, check_default, load_map, maps};
use crate::auth::check_development;
use crate::clock::Clock;
use crate::config::{ConfigError, Environment, Settings, closest, known_variables};
use crate::local;
use crate::provider::{HashKey, LoadOptions, Provider, variables};
use crate::telemetry::CallMeter;

/// Passes the settings on where nothing is wrong with them and with what they name.
///
/// # Errors
/// Everything that is wrong, a line each.
pub(crate) fn preflight(
    settings: Result<Settings, StartError>,
    env: &Environment,
) -> Result<Settings, StartError> {
    let (settings, error) = match settings {
        Ok(settings) => (settings, None),
        Err(StartError::Config(error)) => match error.readable().cloned() {
            Some(settings) => (settings, Some(error)),
            None => return Err(StartError::Config(error)),
        },
        Err(error) => return Err(error),
    };
    let is_known = |section: &str| !error.as_ref().is_some_and(|error| error.is_about(section));
    let mut faults = Vec::new();
    if is_known("auth")
        && settings.auth.is_unset()
        && let Err(error) = check_development(&settings)
    {
        faults.push(error.into());
    }
    if is_known("providers") {
        let (providers, of_maps) = load_enabled(&settings, env);
        faults.extend(of_maps);
        if is_known("uploads")
            && let Err(error) = check_default(&settings, &providers)
        {
            faults.push(error);
        }
    }
    if let Some(error) = error {
        faults.insert(0, StartError::Config(error));
    }
    if faults.is_empty() {
        return Ok(settings);
    }
    faults.extend(misspelt(&settings, env));
    Err(StartError::all(faults))
}

/// The maps of the enabled providers, and what is wrong with the others. The built-in provider makes what its map
/// needs when it is opened, so its map is left out.
fn load_enabled(settings: &Settings, env: &Environment) -> (Vec<Provider>, Vec<StartError>) {
    let (mut providers, mut faults) = (Vec::new(), Vec::new());
    let look_up = |name: &str| env.get(name).map(str::to_owned);
    for name in settings
        .providers
        .enabled
        .iter()
        .filter(|name| *name != local::NAME)
    {
        match load_map(
            settings,
            name,
            &look_up,
            // They ask nobody.
            LoadOptions::default().ledger,
            CallMeter::default(),
            &Clock::system(),
            &HashKey::fresh(),
        ) {
            Ok(provider) => providers.push(provider),
            Err(error) => faults.push(error),
        }
    }
    (providers, faults)
}

/// Lines that stop nothing but should be known: settings that are gone, variables that nothing reads.
pub(crate) fn warnings(settings: &Settings) -> Vec<String> {
    let mut lines = settings.warnings.clone();
    lines.extend(unread(settings).into_iter().map(|(name, meant)| {
        let meant = meant
            .map(|meant| format!("; did you mean {meant}?"))
            .unwrap_or_default();
        format!("{name}: no setting, secret or map has this variable, so nothing reads it{meant}")
    }));
    lines
}

/// Variables that nothing reads and that were probably meant to be one that is not set.
fn misspelt(settings: &Settings, env: &Environment) -> Vec<StartError> {
    let is_set = |name: &str| {
        let plain = name.strip_suffix("_FILE").unwrap_or(name);
        env.get(plain).is_some() || env.get(&format!("{plain}_FILE")).is_some()
    };
    let unread = unread(settings).into_iter();
    let meant = unread.filter_map(|(name, meant)| Some((name, meant.filter(|meant| !is_set(meant))?)));
    meant
        .map(|(name, meant)| {
            let problem = format!("nothing reads this variable: did you mean {meant}?");
            ConfigError::new(name, "", problem).into()
        })
        .collect()
}

/// `VIDEO_` variables that are no setting's, no secret's and no known map's, with what was probably meant.
fn unread(settings: &Settings) -> Vec<(String, Option<String>)> {
    if settings.unread_variables.is_empty() {
        return Vec::new();
    }
    let of_maps: Vec<String> = maps::texts(settings)
        .iter()
        .flat_map(|text| variables(text))
        .flat_map(|(name, _)| [format!("{name}_FILE"), name])
        .collect();
    let known = known_variables();
    let candidates = || known.iter().chain(&of_maps).map(String::as_str);
    settings
        .unread_variables
        .iter()
        .filter(|name| !of_maps.contains(name))
        .map(|name| (name.clone(), closest(name, candidates()).map(str::to_owned)))
        .collect()
}
