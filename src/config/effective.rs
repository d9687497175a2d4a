//! The settings as they hold, for people: each value with its source, and nothing secret.

use serde_json::{Value, json};

use super::endpoint::KEY as ENDPOINTS;
use super::listing::list_settings;
use super::settings::Settings;
use super::sources::SettingSource;
use crate::domain::{mask_secrets, shown_endpoint};

/// A setting as it holds.
#[derive(Clone, Debug, PartialEq)]
pub struct EffectiveSetting {
    /// `section.name`, such as `http.listen`.
    pub key: String,
    /// The value, with users, queries and fragments of addresses masked.
    pub value: Value,
    /// The source of the value.
    pub source: SettingSource,
    /// The comment of `config/default.toml`, on one line.
    pub meaning: String,
}

impl Settings {
    /// Lists every setting as it holds, in the order of `config/default.toml`. No secret is in it.
    pub fn list_effective(&self) -> Vec<EffectiveSetting> {
        let listed = list_settings().settings.into_iter();
        listed
            .map(|setting| EffectiveSetting {
                value: mask(self.value_of(&setting.key)),
                source: self.sources.source_of(&setting.key),
                meaning: setting.meaning,
                key: setting.key,
            })
            .collect()
    }

    /// Returns whether this environment variable gave a setting its value.
    pub fn is_set_by(&self, variable: &str) -> bool {
        self.sources.is_origin(variable)
    }

    /// Returns the value of a setting: as it was filled in where it follows from another, else as it was given.
    fn value_of(&self, key: &str) -> Value {
        match key {
            "http.listen" => json!(self.http.listen),
            "http.public_url" => json!(self.http.public_url),
            "providers.default" => json!(self.providers.default),
            "uploads.allowed_qualities" => json!(self.uploads.allowed_qualities),
            "uploads.allowed_providers" => json!(self.uploads.allowed_providers),
            "log.filter" => json!(self.log.filter),
            ENDPOINTS => self
                .events
                .endpoints
                .iter()
                .map(|one| shown_endpoint(&one.url))
                .collect(),
            _ => {
                let given = self.sources.value_of(key);
                given
                    .and_then(|value| serde_json::to_value(value).ok())
                    .unwrap_or_default()
            }
        }
    }
}

/// Masks what gives access to something in every text of a value.
///
/// Why not by the name of the setting: a name with `url` in it would hide an address as a whole.
fn mask(mut value: Value) -> Value {
    mask_secrets(&mut value);
    value
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::{Environment, load};

    fn effective(variables: &[(&str, &str)]) -> BTreeMap<String, EffectiveSetting> {
        let env: Environment = variables.iter().copied().collect();
        let listed = load(None, &env).unwrap().list_effective();
        listed.into_iter().map(|one| (one.key.clone(), one)).collect()
    }

    #[test]
    fn each_value_has_its_source() {
        let listed = effective(&[
            ("VIDEO_PROVIDERS__ENABLED", "mux"),
            (
                "DATABASE_URL",
                "postgres://user:hunter2@host/name?sslmode=require",
            ),
        ]);
        assert_eq!(listed["http.console"].source, SettingSource::Default);
        let of = |name: &str| SettingSource::Environment(name.to_owned());
        assert_eq!(listed["providers.enabled"].value, json!(["mux"]));
        assert_eq!(listed["providers.enabled"].source, of("VIDEO_PROVIDERS__ENABLED"));
        // It follows from the list.
        assert_eq!(listed["providers.default"].value, "mux");
        assert_eq!(listed["database.url"].value, "postgres://***@host/name?***");
        assert_eq!(listed["database.url"].source, of("DATABASE_URL"));
    }

    #[test]
    fn addresses_show_nothing_that_may_be_a_secret() {
        let listed = effective(&[
            (
                "VIDEO_EVENTS__ENDPOINTS",
                "https://app.example.com/hook?key=hidden",
            ),
            ("VIDEO_EVENTS__SECRETS", "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"),
            (
                "VIDEO_LOCAL__WEBHOOK_URLS",
                "https://app.example.com/mux?key=hidden",
            ),
        ]);
        assert_eq!(
            listed["events.endpoints"].value,
            json!(["https://app.example.com/hook"])
        );
        assert_eq!(
            listed["local.webhook_urls"].value,
            json!(["https://app.example.com/mux?***"])
        );
        assert!(!format!("{listed:?}").contains("hidden"));
    }
}
