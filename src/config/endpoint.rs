//! An endpoint of `events.endpoints`: a URL, or a table with a URL, the types of events that it gets, and the variable that
//! has its secrets.

use std::fmt;

use secrecy::SecretString;
use serde::de::{Error, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer};
use toml::Value;

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
    /// The variable that has its secrets; `None` for `VIDEO_EVENTS__SECRETS`.
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
