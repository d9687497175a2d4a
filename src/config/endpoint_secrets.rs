//! The secrets of endpoints: which variables have them, and what is in these.

use std::collections::BTreeSet;

use toml::{Table, Value};

use super::endpoint::KEY;
use super::environment::Environment;
use super::events::read_signing_secrets;
use super::fault::Faults;
use super::listing::{EVENT_SECRETS, variable_of};
use super::merged::Merged;
use super::settings::Events;
use super::tree::find_value;
use super::value::parse_value;
use super::variables::known_variables;

/// Returns the variables that the endpoints of the file or, over it, of the environment name for their secrets.
// Why before the settings are read: these names must count as known when the names of variables are checked.
pub(super) fn secret_variables(file: Option<&Table>, env: &Environment) -> BTreeSet<String> {
    let of_env = env
        .get(&variable_of(KEY))
        .and_then(|text| parse_value(KEY, &Value::Array(Vec::new()), text).ok());
    let endpoints = of_env.or_else(|| find_value(file?, KEY).cloned());
    let items = endpoints.as_ref().and_then(Value::as_array).into_iter().flatten();
    items
        .filter_map(|item| item.get("secrets_env")?.as_str())
        .map(|name| name.trim().to_owned())
        .collect()
}

/// Fills in the secrets of every endpoint, and adds a fault for each variable that has none of use.
pub(super) fn read_secrets(events: &mut Events, env: &Environment, merged: &Merged, faults: &mut Faults) {
    for (index, endpoint) in events.endpoints.iter_mut().enumerate() {
        let Some(name) = &endpoint.secrets_env else {
            endpoint.secrets.clone_from(&events.secrets);
            continue;
        };
        let key = format!("{KEY}[{index}].secrets_env");
        if let Some(problem) = find_name_problem(name) {
            faults.add(merged.origin(&key), &key, problem);
            continue;
        }
        match read_signing_secrets(env, name) {
            Ok(secrets) if secrets.is_empty() => {
                let problem = format!(
                    "{name} is not set: put whsec_ and the base64 of 24 to 64 random bytes into it (or a file, with \
                     {name}_FILE), or leave secrets_env out to sign with {EVENT_SECRETS}"
                );
                faults.add(merged.origin(&key), &key, problem);
            }
            Ok(secrets) => endpoint.secrets = secrets,
            Err(error) => faults.add_error(&key, error),
        }
    }
}

/// Returns what keeps a text from naming a variable for secrets, as the end of a sentence.
fn find_name_problem(name: &str) -> Option<String> {
    let is_name = name.starts_with(|first: char| first.is_ascii_uppercase() || first == '_')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    if !is_name {
        return Some(
            "must be the name of a variable, such as VIDEO_CRM_SECRETS: capitals, digits and _".to_owned(),
        );
    }
    if name.ends_with("_FILE") {
        return Some(format!(
            "\"{name}\": name the variable without _FILE; the file is then found by {name}"
        ));
    }
    let is_taken = name != EVENT_SECRETS && known_variables().iter().any(|known| known == name);
    is_taken.then(|| format!("\"{name}\" is the variable of another setting: take a name of your own"))
}
