//! What no single key can be checked for.

use url::{Host, Url};

use super::load::Merged;
use super::{ConfigError, Settings, console, events, limits};

pub(super) fn check(settings: &mut Settings, merged: &Merged) -> Result<(), ConfigError> {
    let refuse = |key: &str, problem: &str| Err(ConfigError::new(merged.origin(key), key, problem));
    auth(settings, merged)?;
    fill_in(settings);
    if !is_base_url(&settings.http.public_url) {
        return refuse("http.public_url", BASE_URL);
    }
    if !settings.local.public_url.is_empty() && !is_base_url(&settings.local.public_url) {
        return refuse("local.public_url", BASE_URL);
    }
    if !["postgres://", "postgresql://", "sqlite:"]
        .iter()
        .any(|scheme| settings.database.url.starts_with(scheme))
    {
        return refuse("database.url", "must begin with postgres:// or sqlite://");
    }
    if settings.database.require_postgres && settings.database.is_sqlite() {
        return refuse(
            "database.url",
            "database.require_postgres is set: give a postgres:// URL in DATABASE_URL",
        );
    }
    for (key, list) in [
        ("http.cors_origins", &settings.http.cors_origins),
        ("uploads.cors_origins", &settings.uploads.cors_origins),
    ] {
        if let Some(bad) = list.iter().find(|origin| !is_origin(origin)) {
            return refuse(
                key,
                &format!("\"{bad}\" is not an origin such as https://app.example.com"),
            );
        }
    }
    if let Some(bad) = settings
        .uploads
        .allowed_settings
        .iter()
        .find(|pointer| !is_harmless(pointer))
    {
        return refuse(
            "uploads.allowed_settings",
            &format!(
                "\"{bad}\" must be a JSON pointer that touches no policy, passthrough, input, CORS or URL member"
            ),
        );
    }
    if let Err((key, problem)) = limits::check(&mut settings.http) {
        return refuse(key, &problem);
    }
    console::check(settings, merged)?;
    if let Some(problem) = events::problem(&settings.events) {
        return refuse("events.endpoints", &problem);
    }
    providers(settings, merged)?;
    ranges(settings, merged)
}

fn auth(settings: &Settings, merged: &Merged) -> Result<(), ConfigError> {
    let auth = &settings.auth;
    for (key, value) in [
        ("auth.jwks", &auth.jwks),
        ("auth.issuer", &auth.issuer),
        ("auth.audience", &auth.audience),
    ] {
        if merged.origins.contains_key(key) && value.is_empty() {
            return Err(ConfigError::new(
                merged.origin(key),
                key,
                "is empty: give a value or leave it out",
            ));
        }
    }
    let refuse = |problem: &str| Err(ConfigError::new(merged.origin("auth.jwks"), "auth.jwks", problem));
    if auth.is_unset()
        && let Some((key, _)) = [("auth.issuer", &auth.issuer), ("auth.audience", &auth.audience)]
            .into_iter()
            .find(|(_, value)| !value.is_empty())
    {
        // Somebody meant callers to be known: this must not become development mode.
        let problem = "is of no use alone: set VIDEO_AUTH__JWT_SECRET or auth.jwks too, or leave it out";
        return Err(ConfigError::new(merged.origin(key), key, problem));
    }
    if auth.jwks.is_empty() {
        return Ok(());
    }
    if !auth.jwt_secrets.is_empty() {
        return refuse("set either VIDEO_AUTH__JWT_SECRET or auth.jwks, not both");
    }
    if auth.issuer.is_empty() || auth.audience.is_empty() {
        return refuse("auth.issuer and auth.audience are required with it");
    }
    if auth.jwks.starts_with("http:") && !is_loopback_url(&auth.jwks) {
        return refuse("must be https, a loopback http address, or a file");
    }
    Ok(())
}

fn fill_in(settings: &mut Settings) {
    let http = &mut settings.http;
    if http.public_url.is_empty() {
        http.public_url = format!("http://{}", http.listen);
    }
    let uploads = &mut settings.uploads;
    if uploads.allowed_qualities.is_empty() {
        uploads.allowed_qualities = vec![uploads.quality.clone()];
    }
    if uploads.allowed_providers.is_empty() {
        uploads.allowed_providers.clone_from(&settings.providers.enabled);
    }
}

fn providers(settings: &Settings, merged: &Merged) -> Result<(), ConfigError> {
    let refuse = |key: &str, problem: String| Err(ConfigError::new(merged.origin(key), key, problem));
    let providers = &settings.providers;
    if let Some(bad) = providers.enabled.iter().find(|name| !is_provider_name(name)) {
        return refuse(
            "providers.enabled",
            format!("\"{bad}\": a name is 1 to 64 of a-z, 0-9, - and _"),
        );
    }
    if !providers.enabled.contains(&providers.default) {
        return refuse(
            "providers.default",
            format!("\"{}\" is not among providers.enabled", providers.default),
        );
    }
    if let Some(bad) = settings
        .uploads
        .allowed_providers
        .iter()
        .find(|name| !providers.enabled.contains(name))
    {
        return refuse(
            "uploads.allowed_providers",
            format!("\"{bad}\" is not among providers.enabled"),
        );
    }
    if !settings
        .uploads
        .allowed_policies
        .contains(&settings.uploads.playback_policy)
    {
        return refuse(
            "uploads.playback_policy",
            "is not among uploads.allowed_policies".to_owned(),
        );
    }
    if !settings
        .uploads
        .allowed_qualities
        .contains(&settings.uploads.quality)
    {
        return refuse(
            "uploads.quality",
            "is not among uploads.allowed_qualities".to_owned(),
        );
    }
    Ok(())
}

fn ranges(settings: &Settings, merged: &Merged) -> Result<(), ConfigError> {
    let (http, local) = (&settings.http, &settings.local);
    let chaos = &local.chaos;
    let share = |value: f64| (0.0..=1.0).contains(&value);
    let rules: [(&str, bool, &str); 17] = [
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
            "providers.replicas",
            (1..=1000).contains(&settings.providers.replicas),
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
        (
            "http.metrics_listen",
            http.metrics_listen.is_empty() || http.metrics_listen.parse::<std::net::SocketAddr>().is_ok(),
            "must be an address such as 127.0.0.1:9090",
        ),
    ];
    match rules.into_iter().find(|(_, holds, _)| !holds) {
        Some((key, _, problem)) => Err(ConfigError::new(merged.origin(key), key, problem)),
        None => Ok(()),
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

/// What [`is_base_url`] allows.
const BASE_URL: &str = "must be http:// or https:// with a host, and perhaps a path as browsers write it (such as \
                        https://example.com/video), without a trailing slash, user, query or fragment";

/// An address that paths can be put behind. Its own path goes into headers and HTML: no `//`, which would name another
/// host, and nothing that a browser would write in another way.
fn is_base_url(text: &str) -> bool {
    let usable = |url: Url| {
        url.has_host()
            && matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
            && !url.path().contains("//")
            && url.path()
                == if path_of(text).is_empty() {
                    "/"
                } else {
                    path_of(text)
                }
    };
    !text.ends_with('/') && Url::parse(text).is_ok_and(usable)
}

/// What follows the host of a URL: empty, or with a slash in front.
pub(super) fn path_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or("", |at| &rest[at..])
}

fn is_origin(text: &str) -> bool {
    text == "*" || Url::parse(text).is_ok_and(|url| url.origin().ascii_serialization() == text)
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
