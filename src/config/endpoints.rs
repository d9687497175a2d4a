//! `events.endpoints`: each is a URL, or a table with a URL, the types of events that it gets, and the variable that has
//! its secrets.

use std::collections::BTreeSet;
use std::fmt;

use secrecy::SecretString;
use serde::de::{Error, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer};
use toml::{Table, Value};

use super::environment::Environment;
use super::events::read_signing_secrets;
use super::fault::Faults;
use super::listing::{EVENT_SECRETS, variable_of};
use super::merged::{Merged, find_value};
use super::settings::Events;
use super::value::parse_value;
use super::variables::known_variables;
use crate::domain::Announcement;

/// The key of the list.
pub(super) const KEY: &str = "events.endpoints";

/// An endpoint of the application.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The URL that events are posted to.
    pub url: String,
    /// The types of the events that it gets.
    pub types: Vec<Announcement>,
    /// The variable that has its secrets; `None` for [`Events::secrets`].
    pub secrets_env: Option<String>,
    /// The secrets that sign its events; filled in when the settings are loaded.
    pub secrets: Vec<SecretString>,
}

/// The table form of an [`Endpoint`].
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EndpointTable {
    url: String,
    types: Option<Vec<Announcement>>,
    secrets_env: Option<String>,
}

impl<'de> Deserialize<'de> for Endpoint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EndpointVisitor;
        impl<'de> Visitor<'de> for EndpointVisitor {
            type Value = Endpoint;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a URL or a table with url, types and secrets_env")
            }

            fn visit_str<E: Error>(self, url: &str) -> Result<Endpoint, E> {
                Ok(Endpoint {
                    url: url.to_owned(),
                    types: Announcement::USUAL.to_vec(),
                    secrets_env: None,
                    secrets: Vec::new(),
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Endpoint, A::Error> {
                let table = EndpointTable::deserialize(MapAccessDeserializer::new(map))?;
                let types = table.types.unwrap_or_else(|| Announcement::USUAL.to_vec());
                if types.is_empty() {
                    return Err(A::Error::custom(
                        "types is empty, so nothing would be sent: name some, or leave types out for the usual five",
                    ));
                }
                Ok(Endpoint {
                    url: table.url,
                    types,
                    secrets_env: table.secrets_env,
                    secrets: Vec::new(),
                })
            }
        }
        deserializer.deserialize_any(EndpointVisitor)
    }
}

/// Parses the variable of [`KEY`] where it is a JSON list: of texts, and of objects.
///
/// # Errors
/// The end of a sentence that says what is allowed.
pub(super) fn parse_json_list(text: &str) -> Result<Value, String> {
    let refused = || {
        "is not a JSON list of URLs and objects, such as [\"https://a.example.com\", \
         {\"url\": \"https://b.example.com\", \"types\": [\"video.ready\"], \"secrets_env\": \"VIDEO_B_SECRETS\"}]"
            .to_owned()
    };
    let items: Vec<serde_json::Value> = serde_json::from_str(text).map_err(|_| refused())?;
    if !items.iter().all(|item| item.is_string() || item.is_object()) {
        return Err(refused());
    }
    Value::try_from(items).map_err(|_| refused())
}

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
