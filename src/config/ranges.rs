//! The ranges of numbers in settings.

use super::fault::Faults;
use super::local::Local;
use super::merged::Merged;
use super::settings::{Http, Settings};
use crate::limits::Network;

/// The largest number that every JSON parser reads exactly: 2^53 - 1.
const MAX_EXACT: u64 = (1 << 53) - 1;
/// The range of a number up to [`MAX_EXACT`], in words.
const UP_TO_EXACT: &str = "must lie in 0 to 9007199254740991";

impl Http {
    /// Returns whether the limits of requests are the same as those of `other`: a reload then keeps the running
    /// limiters.
    pub(crate) fn has_same_request_limits(&self, other: &Self) -> bool {
        let limits = |http: &Self| (http.max_requests, http.max_waiting);
        limits(self) == limits(other)
    }
}

/// Parses the trusted proxies into [`Http::proxies`] and checks the limits of `[http]`. Returns each faulty key with
/// its problem, for [`Faults`].
pub(super) fn check_http_limits(http: &mut Http) -> Vec<(&'static str, String)> {
    let mut problems = Vec::new();
    http.proxies.clear();
    for text in &http.trusted_proxies {
        match text.parse::<Network>() {
            Ok(network) => http.proxies.push(network),
            Err(error) => problems.push(("http.trusted_proxies", format!("\"{text}\" is {error}"))),
        }
    }
    let connections = u64::try_from(http.max_connections).unwrap_or(u64::MAX);
    let of_address = u64::try_from(http.max_connections_per_address).unwrap_or(u64::MAX);
    let requests = u64::try_from(http.max_requests).unwrap_or(u64::MAX);
    let waiting = u64::try_from(http.max_waiting).unwrap_or(u64::MAX);
    let rules = [
        ("http.max_connections", connections, 16, 1_000_000),
        ("http.max_connections_per_address", of_address, 0, 1_000_000),
        ("http.max_requests", requests, 1, 100_000),
        ("http.max_waiting", waiting, 0, 1_000_000),
        ("http.header_timeout_s", http.header_timeout_s, 1, 600),
        ("http.body_timeout_s", http.body_timeout_s, 1, 600),
    ];
    let outside = rules
        .into_iter()
        .filter(|(_, value, least, most)| !(least..=most).contains(&value))
        .map(|(key, _, least, most)| (key, format!("must lie in {least} to {most}")));
    problems.extend(outside);
    problems
}

/// Checks the numbers that have a fixed range, and adds each that lies outside to `faults`.
pub(super) fn check_ranges(settings: &Settings, merged: &Merged, faults: &mut Faults) {
    let http = &settings.http;
    let exact = |number: u64| number <= MAX_EXACT;
    let (uploads, quota) = (&settings.uploads, settings.quota);
    let rules: [Rule; 19] = [
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
        ("uploads.max_bytes", exact(uploads.max_bytes), UP_TO_EXACT),
        (
            "uploads.max_duration_s",
            uploads.max_duration_s <= 31_536_000,
            "must lie in 0 to 31536000",
        ),
        ("quota.videos", exact(quota.videos), UP_TO_EXACT),
        ("quota.minutes", exact(quota.minutes), UP_TO_EXACT),
        ("quota.bytes", exact(quota.bytes), UP_TO_EXACT),
        (
            "uploads.delete_after_days",
            settings.uploads.delete_after_days <= 36_500,
            "must lie in 0 to 36500",
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
            "replace.keep_old_s",
            settings.replace.keep_old_s <= 31_536_000,
            "must lie in 0 to 31536000",
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
    ];
    let broken = rules.into_iter().chain(local_rules(&settings.local));
    for (key, _, problem) in broken.filter(|(_, holds, _)| !holds) {
        faults.add(merged.origin(key), key, problem);
    }
}

/// A key, whether its value holds, and the end of a sentence that says what is allowed.
type Rule = (&'static str, bool, &'static str);

/// Returns the rules of the built-in provider's settings.
fn local_rules(local: &Local) -> [Rule; 3] {
    let chaos = &local.chaos;
    let share = |value: f64| (0.0..=1.0).contains(&value);
    [
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
    ]
}
