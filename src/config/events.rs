//! `[events]`: the endpoints of outgoing events, and the secrets that sign them. The addresses of `local.webhook_urls` are
//! checked here too, by the same rules.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;
use url::Url;

use super::endpoint::Endpoint;
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

/// Reads the comma-separated secrets of the variable `name` from the environment; none where it is not set.
pub(super) fn read_signing_secrets(env: &Environment, name: &str) -> Result<Vec<SecretString>, ConfigError> {
    let Some(text) = read_secret(env, name)? else {
        return Ok(Vec::new());
    };
    let secrets: Vec<&str> = text.split(',').map(str::trim).collect();
    if secrets
        .iter()
        .any(|secret| decode_signing_secret(secret).is_none())
    {
        return Err(ConfigError::new(
            name,
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
    let urls: Vec<&str> = events.endpoints.iter().map(|one| one.url.as_str()).collect();
    if let Some(bad) = find_unusable(&urls, events.allow_private) {
        return Some(format!(
            "\"{bad}\" must be {form}, without user, password and fragment"
        ));
    }
    if has_repeat(&urls) {
        return Some("an endpoint is named twice".to_owned());
    }
    let has_secrets = |one: &Endpoint| one.secrets_env.is_some() || !events.secrets.is_empty();
    if !events.endpoints.iter().all(has_secrets) {
        return Some(format!(
            "needs a secret to sign with: set {EVENT_SECRETS} (whsec_…), or name a variable in secrets_env"
        ));
    }
    None
}

/// Returns the first problem of [`Local::webhook_urls`](super::local::Local::webhook_urls), as the end of a sentence that
/// begins with the key.
pub(super) fn find_webhook_url_problem(urls: &[String]) -> Option<String> {
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    if let Some(bad) = find_unusable(&urls, true) {
        return Some(format!(
            "\"{bad}\" must be http:// or https://, without user, password and fragment"
        ));
    }
    has_repeat(&urls).then(|| "an address is named twice".to_owned())
}

/// Returns the first URL that events cannot be posted to, as a message may show it. `allow_http` allows plain http.
fn find_unusable<'a>(urls: &[&'a str], allow_http: bool) -> Option<&'a str> {
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
fn has_repeat(urls: &[&str]) -> bool {
    let mut seen = std::collections::HashSet::new();
    !urls.iter().all(|url| seen.insert(url))
}
