//! `[events]`: the endpoints of outgoing events, and the secrets that sign them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;
use url::Url;

use super::environment::Environment;
use super::fault::ConfigError;
use super::listing::EVENT_SECRETS;
use super::secrets::read_secret;
use super::settings::Events;

/// Decodes a secret of the form `whsec_<base64>`. `None` for another form, or where it has not 24 to 64 bytes, as
/// Standard Webhooks 1.0 requires.
pub fn decode_signing_secret(text: &str) -> Option<Vec<u8>> {
    let bytes = STANDARD.decode(text.strip_prefix("whsec_")?).ok()?;
    (24..=64).contains(&bytes.len()).then_some(bytes)
}

/// Reads the comma-separated [`Events::secrets`] from the environment; none where the variable is not set.
pub(super) fn read_signing_secrets(env: &Environment) -> Result<Vec<SecretString>, ConfigError> {
    let Some(text) = read_secret(env, EVENT_SECRETS)? else {
        return Ok(Vec::new());
    };
    let secrets: Vec<&str> = text.split(',').map(str::trim).collect();
    if secrets
        .iter()
        .any(|secret| decode_signing_secret(secret).is_none())
    {
        return Err(ConfigError::new(
            EVENT_SECRETS,
            "",
            "a secret is whsec_ and the base64 of 24 to 64 random bytes; several are comma-separated",
        ));
    }
    Ok(secrets.into_iter().map(SecretString::from).collect())
}

/// Returns the first problem of [`Events`], as the end of a sentence that begins with `events.endpoints`.
pub(super) fn find_problem(events: &Events) -> Option<String> {
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
        // Why cut off: the query of an endpoint may hold a secret, and so may what stands before an @.
        let shown = bad.split('?').next().unwrap_or_default();
        let shown = shown.rsplit_once('@').map_or(shown, |(_secret, rest)| rest);
        return Some(format!(
            "\"{shown}\" must be {form}, without user, password and fragment"
        ));
    }
    // Why: one endpoint named twice would receive each event twice.
    let mut seen = std::collections::HashSet::new();
    if !events.endpoints.iter().all(|endpoint| seen.insert(endpoint)) {
        return Some("an endpoint is named twice".to_owned());
    }
    if !events.endpoints.is_empty() && events.secrets.is_empty() {
        return Some(format!(
            "needs a secret to sign with: set {EVENT_SECRETS} (whsec_…)"
        ));
    }
    None
}
