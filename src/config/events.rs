//! `[events]`: the endpoints of outgoing events, and the secrets that sign them. The addresses of `local.webhook_urls` are
//! checked here too, by the same rules.

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
    if let Some(bad) = find_unusable(&events.endpoints, events.allow_private) {
        return Some(format!(
            "\"{bad}\" must be {form}, without user, password and fragment"
        ));
    }
    if has_repeat(&events.endpoints) {
        return Some("an endpoint is named twice".to_owned());
    }
    if !events.endpoints.is_empty() && events.secrets.is_empty() {
        return Some(format!(
            "needs a secret to sign with: set {EVENT_SECRETS} (whsec_…)"
        ));
    }
    None
}

/// Returns the first problem of [`Local::webhook_urls`](super::local::Local::webhook_urls), as the end of a sentence that
/// begins with the key.
pub(super) fn find_webhook_url_problem(urls: &[String]) -> Option<String> {
    if let Some(bad) = find_unusable(urls, true) {
        return Some(format!(
            "\"{bad}\" must be http:// or https://, without user, password and fragment"
        ));
    }
    has_repeat(urls).then(|| "an address is named twice".to_owned())
}

/// Returns the first URL that events cannot be posted to, as a message may show it. `allow_http` allows plain http.
fn find_unusable(urls: &[String], allow_http: bool) -> Option<&str> {
    let usable = |text: &str| {
        Url::parse(text).is_ok_and(|url| {
            let scheme = url.scheme() == "https" || (url.scheme() == "http" && allow_http);
            let bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
            scheme && bare && url.has_host()
        })
    };
    let bad = urls.iter().find(|text| !usable(text))?;
    // Why cut off: the query of an endpoint may hold a secret, and so may what stands before an @.
    let shown = bad.split('?').next().unwrap_or_default();
    Some(shown.rsplit_once('@').map_or(shown, |(_secret, rest)| rest))
}

/// Returns whether a URL is named twice: its receiver would get each event twice.
fn has_repeat(urls: &[String]) -> bool {
    let mut seen = std::collections::HashSet::new();
    !urls.iter().all(|url| seen.insert(url))
}
