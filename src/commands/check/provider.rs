//! The checks of each provider: its map, secrets and credentials, its clock, and whether it accepts our signatures.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::report::Report;
use crate::app::{MapLoading, check_default_policy, needs_local, shared_rate_ledger};
use crate::clock::Clock;
use crate::config::{Environment, Settings};
use crate::domain::{Policy, ShownStatus};
use crate::provider::{CallError, LoadOptions, Lookup, PlaybackRequest, Priority, Provider, TemplateInput};
use crate::store::{Store, VideoFilter};

/// Difference of clocks up to which nothing is reported.
const NOTICED: TimeDelta = TimeDelta::seconds(10);
/// Difference of clocks beyond which providers and players refuse events and tokens.
const REFUSED: TimeDelta = TimeDelta::seconds(60);
/// Life of the signed address that is tried, in seconds.
const TRIAL_TTL_S: u64 = 300;

/// The parts that the checks of one [`Provider`] need.
struct ProviderCheck<'a> {
    store: Option<&'a Store>,
    clock: &'a Clock,
}

/// Checks all providers that are enabled or have videos.
pub(super) async fn check_providers(
    settings: &Settings,
    env: &Environment,
    store: Option<&Store>,
    clock: &Clock,
    report: &mut Report,
) {
    let checks = ProviderCheck { store, clock };
    let loaded = check_maps(settings, env, store, clock, report).await;
    if let Err(error) = check_default_policy(settings, &loaded) {
        report.fail(
            "uploads.playback_policy",
            &error.to_string(),
            "uploads that ask for no policy would all be refused",
        );
    }
    for provider in &loaded {
        checks.check_provider(provider, report).await;
    }
}

/// Checks the map of each provider that is enabled or has videos, and the secrets that the map needs. Returns the
/// [`Provider`]s without a fault.
pub(super) async fn check_maps(
    settings: &Settings,
    env: &Environment,
    store: Option<&Store>,
    clock: &Clock,
    report: &mut Report,
) -> Vec<Provider> {
    let mut names: BTreeSet<String> = settings.providers.enabled.iter().cloned().collect();
    if let Some(store) = store {
        // Why an error is none here: a database without tables has no videos yet.
        let in_use = store.providers_in_use().await.unwrap_or_default();
        names.extend(in_use);
    }
    // Why: the rate is shared by the database only where it has tables; without them there are no other replicas.
    let ledger = match store {
        Some(store) if store.is_migrated().await.unwrap_or(false) => shared_rate_ledger(store),
        _ => LoadOptions::default().ledger,
    };
    let mut loading = MapLoading::new(settings);
    // Why not the built-in one, and maps that build on its map: it makes its credentials and keys itself, and answers only
    // while the service runs.
    for name in names.iter().filter(|name| !needs_local(settings, name)) {
        let options = LoadOptions {
            ledger: ledger.clone(),
            clock: clock.clone(),
            ..LoadOptions::default()
        };
        match loading.load(name, &|name| env.get(name).map(str::to_owned), &options) {
            Err(error) => {
                let remedy = format!(
                    "yourbit-video settings and the head of {name}.toml say what to set (or leave \"{name}\" out of \
                     providers.enabled)"
                );
                report.fail(&format!("map {name}"), &error.to_string(), &remedy);
            }
            Ok(()) => report.ok(&format!("map {name}"), "it compiles, and what it needs is set"),
        }
    }
    for fault in loading.account_faults() {
        let remedy = "yourbit-video provider list shows which map shares whose account";
        report.fail("accounts of maps", &fault.to_string(), remedy);
    }
    loading.into_providers()
}

impl ProviderCheck<'_> {
    /// Checks one [`Provider`]: credentials first, because every other check sends requests with them.
    async fn check_provider(&self, provider: &Provider, report: &mut Report) {
        let name = provider.name();
        if provider.has_own_account() && !provider.receives_webhooks() {
            let found = "its map has no [webhook]: what happens there is only found by asking";
            report.warn(
                &format!("webhooks of {name}"),
                found,
                "add [webhook] if it can send events",
            );
        }
        let about = format!("credentials of {name}");
        let remedy = format!(
            "yourbit-video settings and the head of {name}.toml say which variables hold them; are they of the right \
             environment?"
        );
        match provider.check_credentials(self.clock.now()).await {
            Ok(None) => report.warn(
                &about,
                "its map has no [check.credentials] that could tell",
                "add one",
            ),
            Ok(Some(taken)) => {
                report.ok(&about, "taken");
                self.check_clock(name, taken.date, report);
                self.check_signing_key(provider, report).await;
                self.check_signed_playback(provider, report).await;
            }
            Err(CallError::Refused {
                status: status @ (401 | 403),
                ..
            }) => {
                report.fail(
                    &about,
                    &format!("the provider refuses them (status {status})"),
                    &remedy,
                );
            }
            Err(error @ CallError::Refused { .. }) => report.fail(&about, &error.to_string(), &remedy),
            Err(error) => {
                let remedy =
                    "check that this machine reaches the API's address, and the provider's status page";
                report.fail(&about, &error.to_string(), remedy);
            }
        }
    }

    /// Compares our clock with the `Date` of the provider's response.
    fn check_clock(&self, name: &str, date: Option<DateTime<Utc>>, report: &mut Report) {
        let about = format!("clock against {name}");
        let Some(date) = date else {
            return report.warn(
                &about,
                "the provider does not tell its time",
                "nothing to be done",
            );
        };
        let skew = self.clock.now() - date;
        let word = if skew > TimeDelta::zero() {
            "ahead"
        } else {
            "behind"
        };
        let found = format!("ours is {} s {word}", skew.abs().num_seconds());
        if skew.abs() <= NOTICED {
            report.ok(&about, &found);
        } else if skew.abs() <= REFUSED {
            report.warn(&about, &found, "set it by NTP (timedatectl set-ntp true)");
        } else {
            let remedy =
                "set it by NTP (timedatectl set-ntp true): events and signed addresses are refused otherwise";
            report.fail(&about, &found, remedy);
        }
    }

    /// Checks that the provider knows the id of the signing key ([`Provider::check_signing_key`]).
    async fn check_signing_key(&self, provider: &Provider, report: &mut Report) {
        let name = provider.name();
        let about = format!("signing key of {name}");
        let remedy = "take its id and its private key from the same signing key, in the environment of the credentials";
        match provider.check_signing_key(self.clock.now()).await {
            Ok(None) if !provider.has_signing() => {
                report.warn(
                    &about,
                    "there is none: only public videos play",
                    "set its variables for signed playback",
                );
            }
            Ok(None) => {}
            Ok(Some(Lookup::Found(()))) => report.ok(&about, "the provider knows its id"),
            Ok(Some(Lookup::Gone)) => report.fail(&about, "the provider knows no key of this id", remedy),
            Err(CallError::Refused { status, .. }) => {
                let found = format!("the credentials may not look it up (status {status})");
                report.warn(
                    &about,
                    &found,
                    "compare its id yourself, or allow them to read signing keys",
                );
            }
            Err(error) => report.warn(&about, &error.to_string(), "try again"),
        }
    }

    /// Requests a signed address ([`Provider::probe_playback`]). Only the provider can judge whether key and id belong
    /// together.
    async fn check_signed_playback(&self, provider: &Provider, report: &mut Report) {
        if !provider.signs_locally() {
            return;
        }
        let about = format!("signed playback of {}", provider.name());
        let Some(subject) = self.find_signed_video(provider).await else {
            let found = "no signed video is there yet to try the key with";
            return report.warn(&about, found, "check again when there is one");
        };
        let ask = PlaybackRequest {
            now: self.clock.now(),
            expires_in_s: TRIAL_TTL_S,
            max_ttl_s: TRIAL_TTL_S,
            time_s: None,
            sizes: &[],
            params: &[],
            files: None,
            tracks: &[],
            caller: "",
        };
        match provider.probe_playback(&subject, &ask).await {
            Ok(200..=299) => report.ok(&about, "the provider plays what we sign"),
            Ok(status @ (400 | 401 | 403)) => {
                let found = format!("the provider refuses what we sign (status {status})");
                let remedy = "key id and private key do not belong together, or are of another environment: take both \
                              from the same signing key";
                report.fail(&about, &found, remedy);
            }
            Ok(status) => report.warn(
                &about,
                &format!("a video's address answered {status}"),
                "try again",
            ),
            Err(error) => report.warn(&about, &error.to_string(), "try again from where viewers are"),
        }
    }

    /// Returns a video that plays by a signed address: one of the database, else one that the provider lists
    /// ([`Provider::list_assets`]).
    async fn find_signed_video(&self, provider: &Provider) -> Option<TemplateInput> {
        let filter = VideoFilter {
            provider: Some(provider.name().to_owned()),
            statuses: vec![ShownStatus::Ready],
            limit: 50,
            ..VideoFilter::default()
        };
        if let Some(store) = self.store {
            let page = store.list_videos(&filter).await;
            let mut videos = page.into_iter().flat_map(|page| page.videos);
            let signed = videos.find(|video| video.playback_policy == Policy::Signed);
            if let Some(video) = signed {
                return Some(TemplateInput::from_video(&video));
            }
        }
        let now = self.clock.now();
        let page = provider
            // Why as a request: a person waits, and a background call may get half of the rate only.
            .list_assets(&provider.first_page(), Policy::Signed, Priority::Request(""), now)
            .await;
        let mut listed = page.ok()?.assets.into_iter().map(|asset| asset.video);
        listed.find_map(|described| described.into_signed_input(now))
    }
}
