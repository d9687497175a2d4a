//! The checks of the surroundings: the public address, auth, and the tools and disk of the built-in provider.

use super::report::Report;
use crate::auth::{Jwks, check_development};
use crate::clock::Clock;
use crate::config::{Settings, is_loopback_url};
use crate::local;

/// Runs the checks of this file.
pub(super) async fn check_surroundings(settings: &Settings, report: &mut Report) {
    check_public_url(settings, report);
    check_auth(settings, report).await;
    if enabled_providers(settings).any(|name| name == local::NAME) {
        match local::try_tools(&local::own_binary()).await {
            Ok(about) => report.ok("ffmpeg", &format!("runs {about}")),
            Err(missing) => report.fail(
                "ffmpeg",
                missing.trim_end_matches('.'),
                "or leave \"local\" out of providers.enabled",
            ),
        }
        check_disk(settings, report);
    }
}

/// Checks the free space of the built-in provider's disk ([`local::free_bytes`]): below `local.min_free_bytes` it
/// refuses uploads.
fn check_disk(settings: &Settings, report: &mut Report) {
    let (dir, least) = (&settings.local.dir, settings.local.min_free_bytes);
    let about = "disk of local.dir";
    match local::free_bytes(dir) {
        Ok(free) if free >= least => report.ok(about, &format!("{free} bytes free")),
        Ok(free) => report.fail(
            about,
            &format!("{free} bytes free, and fewer than {least} (local.min_free_bytes) refuse every upload"),
            "make room, or set VIDEO_LOCAL__MIN_FREE_BYTES lower",
        ),
        Err(error) => report.fail(about, &error.to_string(), "check that local.dir can be read"),
    }
}

/// Iterates over the names of the enabled providers.
fn enabled_providers(settings: &Settings) -> impl Iterator<Item = &str> {
    settings.providers.enabled.iter().map(String::as_str)
}

/// Checks that providers and browsers can reach the public address, and safely.
fn check_public_url(settings: &Settings, report: &mut Report) {
    let url = &settings.http.public_url;
    let elsewhere = enabled_providers(settings).any(|name| name != local::NAME);
    let set = "set VIDEO_HTTP__PUBLIC_URL to the https:// address under which they reach the service";
    if is_loopback_url(url) && elsewhere {
        let found =
            format!("providers cannot reach {url}, so their events are lost and only found by asking");
        report.warn("http.public_url", &found, set);
    } else if url.starts_with("https://") || is_loopback_url(url) {
        report.ok("http.public_url", url);
    } else {
        let found = format!("{url} is not https: tokens and signed addresses could be read on the way");
        report.fail("http.public_url", &found, set);
    }
}

/// Checks the source of keys for callers' tokens: secrets, a key set ([`Jwks`]), or development mode
/// ([`check_development`]).
pub(super) async fn check_auth(settings: &Settings, report: &mut Report) {
    let auth = &settings.auth;
    if auth.is_unset() {
        return match check_development(settings) {
            Ok(()) => report.ok("auth", "development mode, for this machine alone"),
            Err(error) => report.fail(
                "auth",
                &error.to_string(),
                "VIDEO_AUTH__JWT_SECRET takes 32 bytes or more",
            ),
        };
    }
    if auth.jwks.is_empty() {
        return report.ok(
            "auth",
            &format!("{} secret(s) of callers", auth.jwt_secrets.len()),
        );
    }
    match Jwks::load(&auth.jwks, Clock::system().now()).await {
        Ok(set) if set.key_count() > 0 => {
            report.ok("auth", &format!("{} key(s) of auth.jwks check tokens", set.key_count()));
        }
        Ok(_) => report.fail(
            "auth",
            "auth.jwks has no key that checks tokens, or cannot be fetched",
            "the service must reach it at start, without a proxy; RS256, ES256 and EdDSA keys with use sig count",
        ),
        Err(error) => report.fail(
            "auth",
            &format!("auth.jwks {error}"),
            "the service must reach it at start",
        ),
    }
}
