//! Validation: the rules that the type of a single key cannot express.

use url::Url;

use super::fault::Faults;
use super::listing::DEFAULTS;
use super::merged::Merged;
use super::settings::Settings;
use super::urls::is_loopback_url;
use super::{database, events, filter, ingest, listen, ranges, urls};
use crate::domain::is_content_pattern;

/// Normalises values that have several spellings, fills in values that follow from other settings, and adds every
/// fault to [`Faults`]. Steps that only warn add to [`Merged::warnings`].
// Why this order: a later step reads the normalised and filled-in values of the earlier ones.
pub(super) fn check_settings(settings: &mut Settings, merged: &mut Merged, faults: &mut Faults) {
    check_addresses(settings, merged, faults);
    check_database_urls(settings, merged, faults);
    check_log_filter(settings, merged, faults);
    check_auth(settings, merged, faults);
    fill_in(settings, merged);
    check_origins(settings, merged, faults);
    check_ingest(settings, merged, faults);
    let is_bad = |pointer: &&String| !is_harmless(pointer);
    for (key, allowed) in [
        ("uploads.allowed_settings", &settings.uploads.allowed_settings),
        ("ingest.allowed_settings", &settings.ingest.allowed_settings),
    ] {
        if let Some(bad) = allowed.iter().find(is_bad) {
            let problem = format!(
                "\"{bad}\" must be a JSON pointer that touches no policy, passthrough, input, CORS or URL member"
            );
            faults.add(merged.origin(key), key, problem);
        }
    }
    let key = "uploads.content_types";
    if let Some(bad) = settings
        .uploads
        .content_types
        .iter()
        .find(|text| !is_content_pattern(text))
    {
        let problem = format!("\"{bad}\" must be a media type in lower case, such as video/mp4 or video/*");
        faults.add(merged.origin(key), key, problem);
    }
    for (key, problem) in ranges::check_http_limits(&mut settings.http) {
        faults.add(merged.origin(key), key, problem);
    }
    if settings.http.console && !settings.http.client {
        let problem = "the page at / sends and plays with these scripts: set http.console to false as well";
        faults.add(merged.origin("http.client"), "http.client", problem);
    }
    // Why: a faulty secret is a fault already; the section would report it again as a missing one.
    if !faults.has("events.secrets")
        && let Some(problem) = events::find_problem(&settings.events)
    {
        faults.add(merged.origin("events.endpoints"), "events.endpoints", problem);
    }
    let key = "local.webhook_urls";
    if let Some(problem) = events::find_webhook_url_problem(&settings.local.webhook_urls) {
        faults.add(merged.origin(key), key, problem);
    }
    check_providers(settings, merged, faults);
    ranges::check_ranges(settings, merged, faults);
}

/// Normalises the base addresses ([`urls::parse_base_url`]) and the listen address of the metrics
/// ([`listen::parse_address`]).
fn check_addresses(settings: &mut Settings, merged: &Merged, faults: &mut Faults) {
    for (key, url) in [
        ("http.public_url", &mut settings.http.public_url),
        ("local.public_url", &mut settings.local.public_url),
    ] {
        // Why no fault: `fill_in` and the start of the built-in provider fill in an address that is left out.
        if url.is_empty() {
            continue;
        }
        match urls::parse_base_url(url) {
            Ok(base) => *url = base,
            Err(problem) => faults.add(merged.origin(key), key, problem),
        }
    }
    let (key, metrics) = ("http.metrics_listen", &mut settings.http.metrics_listen);
    if !metrics.is_empty() {
        match listen::parse_address(metrics) {
            Ok(address) => *metrics = address.to_string(),
            Err(problem) => faults.add(merged.origin(key), key, problem),
        }
    }
}

/// Normalises the database URLs ([`database::parse_url`]), warns of parameters that nothing reads, and holds
/// `database.require_postgres` against them.
fn check_database_urls(settings: &mut Settings, merged: &mut Merged, faults: &mut Faults) {
    let database = &mut settings.database;
    for (key, url) in [
        ("database.url", &mut database.url),
        ("database.direct_url", &mut database.direct_url),
    ] {
        // Why: an empty one stands for `database.url`, which is checked by itself.
        if key == "database.direct_url" && url.is_empty() {
            continue;
        }
        let origin = merged.origin(key);
        match database::parse_url(url) {
            Ok(address) => {
                *url = address.url;
                let unread = address.unread.into_iter();
                merged.warnings.extend(unread.map(|name| {
                    format!("{origin}: {key}: nothing reads its parameter \"{name}\", which is passed over")
                }));
            }
            Err(problem) => faults.add(origin, key, problem),
        }
    }
    if database.require_postgres && database.is_sqlite() {
        let problem = "database.require_postgres is set: give a postgres:// URL in DATABASE_URL";
        faults.add(merged.origin("database.url"), "database.url", problem);
    }
}

/// Normalises the patterns of [`Ingest::allowed_hosts`](super::Ingest::allowed_hosts).
fn check_ingest(settings: &mut Settings, merged: &Merged, faults: &mut Faults) {
    let key = "ingest.allowed_hosts";
    for pattern in &mut settings.ingest.allowed_hosts {
        match ingest::parse_pattern(pattern) {
            Ok(written) => *pattern = written,
            Err(problem) => faults.add(merged.origin(key), key, problem),
        }
    }
}

/// Normalises the filter ([`filter::parse_filter`]); an empty one stands for the default.
fn check_log_filter(settings: &mut Settings, merged: &Merged, faults: &mut Faults) {
    let log = &mut settings.log;
    if log.filter.is_empty() {
        // Why parsed again: `config/default.toml` is the only place that has the default.
        let defaults: toml::Table = DEFAULTS.parse().unwrap_or_default();
        let default = defaults.get("log").and_then(|log| log.get("filter")?.as_str());
        default.unwrap_or("info").clone_into(&mut log.filter);
    }
    match filter::parse_filter(&log.filter) {
        Ok(filter) => log.filter = filter,
        Err(problem) => faults.add(merged.origin("log.filter"), "log.filter", problem),
    }
}

/// Checks that the settings name at most one source of keys for callers' tokens ([`Auth`](super::settings::Auth)), and
/// nothing that looks like one.
fn check_auth(settings: &mut Settings, merged: &Merged, faults: &mut Faults) {
    let auth = &mut settings.auth;
    for (key, value) in [
        ("auth.jwks", &auth.jwks),
        ("auth.issuer", &auth.issuer),
        ("auth.audience", &auth.audience),
    ] {
        // Why: an empty value counts as unset, and would silently switch the key set or a check of the token off.
        if merged.is_set(key) && value.is_empty() {
            faults.add(merged.origin(key), key, "is empty: give a value or leave it out");
        }
    }
    // Why: an issuer or audience shows that tokens are wanted; without a key this would silently be development mode.
    if auth.is_unset() && !faults.has("auth.jwt_secret") {
        for (key, value) in [("auth.issuer", &auth.issuer), ("auth.audience", &auth.audience)] {
            if !value.is_empty() {
                let problem =
                    "is of no use alone: set VIDEO_AUTH__JWT_SECRET or auth.jwks too, or leave it out";
                faults.add(merged.origin(key), key, problem);
            }
        }
    }
    if auth.jwks.is_empty() {
        return;
    }
    let mut refuse = |key: &str, problem: &str| faults.add(merged.origin(key), key, problem);
    if let Some(url) = normalize_web_address(&auth.jwks) {
        auth.jwks = url;
    }
    // Why: one source of keys verifies tokens, and which of two is meant cannot be guessed.
    if !auth.jwt_secrets.is_empty() {
        return refuse(
            "auth.jwks",
            "set either VIDEO_AUTH__JWT_SECRET or auth.jwks, not both",
        );
    }
    // Why: over plain http the set could be exchanged on its path, and then forged tokens would be accepted.
    let is_safe = auth.jwks.starts_with("https://") || is_loopback_url(&auth.jwks);
    // Why these two forms: any other text is the path of a file.
    if !is_safe && (auth.jwks.contains("://") || auth.jwks.starts_with("http:")) {
        refuse(
            "auth.jwks",
            "must be https, a loopback http address, or a file's path",
        );
    }
    // Why: an identity provider signs the tokens of other services with the same keys.
    for (key, value) in [("auth.issuer", &auth.issuer), ("auth.audience", &auth.audience)] {
        if value.is_empty() {
            refuse(key, "is required with auth.jwks");
        }
    }
}

/// Returns a web address ([`Url`]) with its scheme and host in lower case; `None` for anything else, such as a file's
/// path.
fn normalize_web_address(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.to_string())
}

/// Fills in the values that follow from other settings where they are left out: the public URL, the default provider,
/// and the lists of [`Uploads`](super::settings::Uploads).
fn fill_in(settings: &mut Settings, merged: &Merged) {
    let http = &mut settings.http;
    if http.public_url.is_empty() {
        // Why in this form: the start recognises it, and replaces a port 0 by the port that was bound.
        http.public_url = format!("http://{}", http.listen);
    }
    let providers = &mut settings.providers;
    // Why: with one provider there is no choice, so `providers.enabled` alone is enough to set.
    if let ([only], false) = (providers.enabled.as_slice(), merged.is_set("providers.default")) {
        providers.default.clone_from(only);
    }
    let uploads = &mut settings.uploads;
    if uploads.allowed_qualities.is_empty() {
        uploads.allowed_qualities = vec![uploads.quality.clone()];
    }
    if uploads.allowed_providers.is_empty() {
        uploads.allowed_providers.clone_from(&settings.providers.enabled);
    }
}

/// Normalises the lists of origins: [`Http::cors_origins`](super::settings::Http::cors_origins) and
/// [`Uploads::cors_origins`](super::settings::Uploads::cors_origins).
fn check_origins(settings: &mut Settings, merged: &Merged, faults: &mut Faults) {
    for (key, list) in [
        ("http.cors_origins", &mut settings.http.cors_origins),
        ("uploads.cors_origins", &mut settings.uploads.cors_origins),
    ] {
        for text in list {
            match urls::parse_origin(text) {
                Ok(origin) => *text = origin,
                Err(problem) => faults.add(merged.origin(key), key, problem),
            }
        }
    }
}

/// Checks that each default of [`Providers`](super::settings::Providers) and [`Uploads`](super::settings::Uploads) is
/// among the values that are enabled or allowed.
fn check_providers(settings: &Settings, merged: &Merged, faults: &mut Faults) {
    let (providers, uploads) = (&settings.providers, &settings.uploads);
    // Why: where the key has a fault its default stands in its place, and nothing can be judged by that.
    let enabled_is_known = !faults.has("providers.enabled");
    let mut refuse = |key: &str, problem: String| faults.add(merged.origin(key), key, problem);
    if let Some(bad) = providers.enabled.iter().find(|name| !is_provider_name(name)) {
        refuse(
            "providers.enabled",
            format!("\"{bad}\": a name is 1 to 64 of a-z, 0-9, - and _"),
        );
    }
    if enabled_is_known && !providers.enabled.contains(&providers.default) {
        refuse(
            "providers.default",
            format!("\"{}\" is not among providers.enabled", providers.default),
        );
    }
    let not_enabled = |name: &&String| !providers.enabled.contains(name);
    if enabled_is_known && let Some(bad) = uploads.allowed_providers.iter().find(not_enabled) {
        refuse(
            "uploads.allowed_providers",
            format!("\"{bad}\" is not among providers.enabled"),
        );
    }
    if !uploads.allowed_policies.contains(&uploads.playback_policy) {
        refuse(
            "uploads.playback_policy",
            "is not among uploads.allowed_policies".to_owned(),
        );
    }
    if !uploads.allowed_qualities.contains(&uploads.quality) {
        refuse(
            "uploads.quality",
            "is not among uploads.allowed_qualities".to_owned(),
        );
    }
}

/// Returns whether callers may be allowed to set the member of `provider_settings` at this JSON pointer.
fn is_harmless(pointer: &str) -> bool {
    // Why: members with these words decide who may play a video, to whom it belongs, or what the provider fetches.
    const NEVER: [&str; 7] = [
        "polic",
        "passthrough",
        "input",
        "cors",
        "url",
        "webhook",
        "callback",
    ];
    let lower = pointer.to_ascii_lowercase();
    pointer.starts_with('/') && pointer.len() > 1 && !NEVER.iter().any(|word| lower.contains(word))
}

/// Returns whether the text is a provider's name, `[a-z0-9_-]{1,64}`: it becomes a path segment and a file name.
pub(crate) fn is_provider_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_')
}
