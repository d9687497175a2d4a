//! `[events]`: who is told of what happens to videos.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use super::{ConfigError, Environment, read_secret};

/// Where its secrets come from.
pub(super) const SECRETS: &str = "VIDEO_EVENTS__SECRETS";

/// `[events]`: the application's endpoints.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Events {
    /// Where events are sent; none for nowhere.
    pub endpoints: Vec<String>,
    /// Endpoints may have private addresses, and plain http.
    pub allow_private: bool,
    /// What events are signed with, `whsec_<base64>`, from the environment alone; checked.
    #[serde(skip)]
    pub secrets: Vec<SecretString>,
}

/// The bytes of a secret of the form `whsec_<base64>`, 24 to 64 of them as the standard wants it.
pub fn signing_secret(text: &str) -> Option<Vec<u8>> {
    let bytes = STANDARD.decode(text.strip_prefix("whsec_")?).ok()?;
    (24..=64).contains(&bytes.len()).then_some(bytes)
}

/// The secrets of the environment.
pub(super) fn secrets(env: &Environment) -> Result<Vec<SecretString>, ConfigError> {
    let Some(text) = read_secret(env, SECRETS)? else {
        return Ok(Vec::new());
    };
    let secrets: Vec<&str> = text.split(',').map(str::trim).collect();
    if secrets.iter().any(|secret| signing_secret(secret).is_none()) {
        return Err(ConfigError::new(
            SECRETS,
            "",
            "a secret is whsec_ and the base64 of 24 to 64 random bytes; several are comma-separated",
        ));
    }
    Ok(secrets.into_iter().map(SecretString::from).collect())
}

/// What is wrong with the section, if anything.
pub(super) fn problem(events: &Events) -> Option<String> {
    let form = if events.allow_private {
        "http:// or https://"
    } else {
        "https:// (http:// only with events.allow_private)"
    };
    let usable = |text: &str| {
        Url::parse(text).is_ok_and(|url| {
            let scheme = url.scheme() == "https" || (url.scheme() == "http" && events.allow_private);
            let bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
            scheme && bare && url.has_host()
        })
    };
    if let Some(bad) = events.endpoints.iter().find(|text| !usable(text)) {
        let shown = bad.split('?').next().unwrap_or_default();
        return Some(format!(
            "\"{shown}\" must be {form}, without user, password and fragment"
        ));
    }
    let mut seen = std::collections::HashSet::new();
    if !events.endpoints.iter().all(|endpoint| seen.insert(endpoint)) {
        return Some("an endpoint is named twice".to_owned());
    }
    if !events.endpoints.is_empty() && events.secrets.is_empty() {
        return Some(format!("needs a secret to sign with: set {SECRETS} (whsec_…)"));
    }
    None
}
