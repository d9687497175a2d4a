//! What no single key can be checked for.

use url::{Host, Url};

use super::fault::Faults;
use super::load::Merged;
use super::{DEFAULTS, Settings, console, database, events, filter, limits, listen, urls};

/// Evens out what may be spelled in several ways, fills in what follows from other settings, and notes every fault.
pub(super) fn check(settings: &mut Settings, merged: &mut Merged, faults: &mut Faults) {
    addresses(settings, merged, faults);
    databases(settings, merged, faults);
    log_filter(settings, merged, faults);
    auth(settings, merged, faults);
    fill_in(settings, merged);
    origins(settings, merged, faults);
    let is_bad = |pointer: &&String| !is_harmless(pointer);
    if let Some(bad) = settings.uploads.allowed_settings.iter().find(is_bad) {
        let key = "uploads.allowed_settings";
        let problem = format!(
            "\"{bad}\" must be a JSON pointer that touches no policy, passthrough, input, CORS or URL member"
        );
        faults.add(merged.origin(key), key, problem);
    }
    for (key, problem) in limits::check(&mut settings.http) {
        faults.add(merged.origin(key), key, problem);
    }
    console::check(settings, merged, faults);
    // What is wrong with a secret is no lack of one.
    if !faults.has("events.secrets")
        && let Some(problem) = events::problem(&settings.events)
    {
        faults.add(merged.origin("events.endpoints"), "events.endpoints", problem);
    }
    providers(settings, merged, faults);
    ranges(settings, merged, faults);
}

/// Base addresses and listeners.
fn addresses(settings: &mut Settings, merged: &Merged, faults: &mut Faults) {
    for (key, url) in [
        ("http.public_url", &mut settings.http.public_url),
        ("local.public_url", &mut settings.local.public_url),
    ] {
        if url.is_empty() {
            continue;
        }
        match urls::base_url(url) {
            Ok(base) => *url = base,
            Err(problem) => faults.add(merged.origin(key), key, problem),
        }
    }
    let (key, metrics) = ("http.metrics_listen", &mut settings.http.metrics_listen);
    if !metrics.is_empty() {
        match listen::parse(metrics) {
            Ok(address) => *metrics = address.to_string(),
            Err(problem) => faults.add(merged.origin(key), key, problem),
        }
    }
}

fn databases(settings: &mut Settings, merged: &mut Merged, faults: &mut Faults) {
    let database = &mut settings.database;
    for (key, url) in [
        ("database.url", &mut database.url),
        ("database.direct_url", &mut database.direct_url),
    ] {
        if key == "database.direct_url" && url.is_empty() {
            continue;
        }
        let origin = merged.origin(key);
        match database::read(url) {
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

fn log_filter(settings: &mut Settings, merged: &Merged, faults: &mut Faults) {
    let log = &mut settings.log;
    if log.filter.is_empty() {
        let defaults: toml::Table = DEFAULTS.parse().unwrap_or_default();
        let default = defaults.get("log").and_then(|log| log.get("filter")?.as_str());
        default.unwrap_or("info").clone_into(&mut log.filter);
    }
    match filter::read(&log.filter) {
        Ok(filter) => log.filter = filter,
        Err(problem) => faults.add(merged.origin("log.filter"), "log.filter", problem),
    }
}

fn auth(settings: &mut Settings, merged: &Merged, faults: &mut Faults) {
    let auth = &mut settings.auth;
    for (key, value) in [
        ("auth.jwks", &auth.jwks),
        ("auth.issuer", &auth.issuer),
        ("auth.audience", &auth.audience),
    ] {
        if merged.is_set(key) && value.is_empty() {
            faults.add(merged.origin(key), key, "is empty: give a value or leave it out");
        }
    }
    // Somebody meant callers to be known: this must not become development mode.
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
    if let Some(url) = web_address(&auth.jwks) {
        auth.jwks = url;
    }
    if !auth.jwt_secrets.is_empty() {
        return refuse(
            "auth.jwks",
            "set either VIDEO_AUTH__JWT_SECRET or auth.jwks, not both",
        );
    }
    let is_safe = auth.jwks.starts_with("https://") || is_loopback_url(&auth.jwks);
    if !is_safe && (auth.jwks.contains("://") || auth.jwks.starts_with("http:")) {
        refuse(
            "auth.jwks",
            "must be https, a loopback http address, or a file's path",
        );
    }
    for (key, value) in [("auth.issuer", &auth.issuer), ("auth.audience", &auth.audience)] {
        if value.is_empty() {
            refuse(key, "is required with auth.jwks");
        }
    }
}

/// A web address with its scheme and host in lower case; `None` for anything else.
fn web_address(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.to_string())
}

fn fill_in(settings: &mut Settings, merged: &Merged) {
    let http = &mut settings.http;
    if http.public_url.is_empty() {
        http.public_url = format!("http://{}", http.listen);
    }
    let providers = &mut settings.providers;
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

fn origins(settings: &mut Settings, merged: &Merged, faults: &mut Faults) {
    for (key, list) in [
        ("http.cors_origins", &mut settings.http.cors_origins),
        ("uploads.cors_origins", &mut settings.uploads.cors_origins),
    ] {
        for text in list {
            match urls::origin(text) {
                Ok(origin) => *text = origin,
                Err(problem) => faults.add(merged.origin(key), key, problem),
            }
        }
    }
}

fn providers(settings: &Settings, merged: &Merged, faults: &mut Faults) {
    let (providers, uploads) = (&settings.providers, &settings.uploads);
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

fn ranges(settings: &Settings, merged: &Merged, faults: &mut Faults) {
    let (http, local) = (&settings.http, &settings.local);
    let chaos = &local.chaos;
    let share = |value: f64| (0.0..=1.0).contains(&value);
    let rules: [(&str, bool, &str); 15] = [
        (
            "http.request_timeout_s",
            (1..=600).contains(&http.request_timeout_s),
            "must lie in 1 to 600",
        ),
        ("http.drain_s", http.drain_s <= 300, "must lie in 0 to 300"),
        (
            "http.body_limit_bytes",
            (1024..=16_777_216).contains(&http.body_limit_bytes),
            "must lie in 1024 to 16777216",
        ),
        (
            "database.max_connections",
            (1..=1000).contains(&settings.database.max_connections),
            "must lie in 1 to 1000",
        ),
        (
            "uploads.ttl_s",
            (60..=604_800).contains(&settings.uploads.ttl_s),
            "must lie in 60 to 604800",
        ),
        (
            "playback.max_ttl_s",
            (30..=31_536_000).contains(&settings.playback.max_ttl_s),
            "must lie in 30 to 31536000",
        ),
        (
            "playback.ttl_s",
            (30..=settings.playback.max_ttl_s).contains(&settings.playback.ttl_s),
            "must lie in 30 to playback.max_ttl_s",
        ),
        (
            "playback.thumbnails",
            settings
                .playback
                .thumbnails
                .values()
                .all(|width| (1..=4096).contains(width)),
            "widths must lie in 1 to 4096",
        ),
        (
            "inbox.keep_days",
            (3..=3650).contains(&settings.inbox.keep_days),
            "must lie in 3 to 3650",
        ),
        (
            "inbox.park_for_h",
            (1..=8760).contains(&settings.inbox.park_for_h),
            "must lie in 1 to 8760",
        ),
        (
            "reconcile.interval_s",
            (1..=3600).contains(&settings.reconcile.interval_s),
            "must lie in 1 to 3600",
        ),
        (
            "reconcile.first_after_s",
            (1..=86_400).contains(&settings.reconcile.first_after_s),
            "must lie in 1 to 86400",
        ),
        (
            "local.jobs",
            (1..=64).contains(&local.jobs),
            "must lie in 1 to 64",
        ),
        (
            "local.chaos.duplicate",
            share(chaos.duplicate) && share(chaos.delay) && share(chaos.reorder),
            "shares lie in 0.0 to 1.0",
        ),
        (
            "local.chaos.drop",
            share(chaos.drop) && share(chaos.too_many_requests) && share(chaos.server_error),
            "shares lie in 0.0 to 1.0",
        ),
    ];
    for (key, _, problem) in rules.into_iter().filter(|(_, holds, _)| !holds) {
        faults.add(merged.origin(key), key, problem);
    }
}

/// What decides who may play, whose video it is, or what the provider fetches is not the caller's to say.
fn is_harmless(pointer: &str) -> bool {
    const NOT: [&str; 7] = [
        "polic",
        "passthrough",
        "input",
        "cors",
        "url",
        "webhook",
        "callback",
    ];
    let lower = pointer.to_ascii_lowercase();
    pointer.starts_with('/') && pointer.len() > 1 && !NOT.iter().any(|word| lower.contains(word))
}

/// `[a-z0-9_-]{1,64}`: it becomes a path segment and a file name.
pub(crate) fn is_provider_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_')
}

fn is_origin(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| url.origin().ascii_serialization() == text)
}

/// The origin of a page of this machine, as browsers write it. `null` is none.
pub fn is_loopback_origin(text: &str) -> bool {
    (text.starts_with("http://") || text.starts_with("https://")) && is_origin(text) && is_loopback_url(text)
}

/// An http URL whose host is this machine.
pub fn is_loopback_url(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    })
}
