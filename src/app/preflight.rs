//! Checks before anything is opened. They find every mistake in settings, authentication, maps and their secrets at
//! once, where [`App::build`](super::App::build) would stop at the first one.

use super::maps::{MapLoading, check_default_policy, needs_local, read_all_variables};
use super::start_error::StartError;
use crate::auth::check_development;
use crate::config::{ConfigError, Environment, Settings, closest_name, known_variables};
use crate::provider::{LoadOptions, Provider};

/// Returns the settings where nothing is wrong with them and with what they name.
///
/// Settings that could be read in spite of mistakes are checked further, except the sections that the mistakes are
/// about.
///
/// # Errors
/// All mistakes, a line each; and variables that were probably misspelt, since they may be the reason.
pub(crate) fn preflight(
    settings: Result<Settings, StartError>,
    env: &Environment,
) -> Result<Settings, StartError> {
    let (settings, error) = match settings {
        Ok(settings) => (settings, None),
        Err(StartError::Config(error)) => match error.readable_settings().cloned() {
            Some(settings) => (settings, Some(error)),
            None => return Err(StartError::Config(error)),
        },
        Err(error) => return Err(error),
    };
    let is_known = |section: &str| {
        !error
            .as_ref()
            .is_some_and(|error| error.is_about_section(section))
    };
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
            && let Err(error) = check_default_policy(&settings, &providers)
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
    faults.extend(misspelt_variables(&settings, env));
    Err(StartError::from_all(faults))
}

/// Loads the maps of the enabled providers; returns those that load, and the faults of the others.
///
/// Why without the built-in provider, and maps that build on its map: it makes the secrets that they need when it is opened.
fn load_enabled(settings: &Settings, env: &Environment) -> (Vec<Provider>, Vec<StartError>) {
    let (mut loading, mut faults) = (MapLoading::new(settings), Vec::new());
    let look_up = |name: &str| env.get(name).map(str::to_owned);
    for name in settings
        .providers
        .enabled
        .iter()
        .filter(|name| !needs_local(settings, name))
    {
        // Why the default options: no call is made, so no rate is counted.
        if let Err(error) = loading.load(name, &look_up, &LoadOptions::default()) {
            faults.push(error);
        }
    }
    faults.extend(loading.account_faults().into_iter().map(StartError::from));
    (loading.into_providers(), faults)
}

/// Returns lines that stop no start but should be seen: settings that are gone, and variables that nothing reads.
pub(crate) fn start_warnings(settings: &Settings) -> Vec<String> {
    let mut lines = settings.warnings.clone();
    lines.extend(unread_variables(settings).into_iter().map(|(name, meant)| {
        let meant = meant
            .map(|meant| format!("; did you mean {meant}?"))
            .unwrap_or_default();
        format!("{name}: no setting, secret or map has this variable, so nothing reads it{meant}")
    }));
    lines
}

/// Returns a fault for each variable that nothing reads, and that was probably meant to be a known variable which is
/// not set.
fn misspelt_variables(settings: &Settings, env: &Environment) -> Vec<StartError> {
    let is_set = |name: &str| {
        let plain = name.strip_suffix("_FILE").unwrap_or(name);
        env.get(plain).is_some() || env.get(&format!("{plain}_FILE")).is_some()
    };
    let unread = unread_variables(settings).into_iter();
    let meant = unread.filter_map(|(name, meant)| Some((name, meant.filter(|meant| !is_set(meant))?)));
    meant
        .map(|(name, meant)| {
            let problem = format!("nothing reads this variable: did you mean {meant}?");
            ConfigError::new(name, "", problem).into()
        })
        .collect()
}

/// Returns the `VIDEO_` variables that belong to no setting, secret or known map, each with the name that was probably
/// meant.
fn unread_variables(settings: &Settings) -> Vec<(String, Option<String>)> {
    if settings.unread_variables.is_empty() {
        return Vec::new();
    }
    let of_maps: Vec<String> = read_all_variables(settings)
        .into_iter()
        .flat_map(|name| [format!("{name}_FILE"), name])
        .collect();
    let known = known_variables();
    let candidates = || known.iter().chain(&of_maps).map(String::as_str);
    settings
        .unread_variables
        .iter()
        .filter(|name| !of_maps.contains(name))
        .map(|name| (name.clone(), closest_name(name, candidates()).map(str::to_owned)))
        .collect()
}
