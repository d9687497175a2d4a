//! What a token may choose in an upload, for `GET /v1/session`.

use serde::Serialize;
use utoipa::ToSchema;

use super::limits::{SourcedLimits, allowed_content_types};
use super::request::{allowed_policies, allowed_providers, allowed_qualities};
use crate::auth::Caller;
use crate::domain::Policy;
use crate::provider::{Capability, UploadLimits};
use crate::state::AppState;

/// What an upload may be. The first of each list is not the default: that is the setting's where it is listed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UploadOffer)]
pub(crate) struct Offer {
    /// Providers; an upload that names none gets `providers.default`, or the first where that is not listed.
    providers: Vec<String>,
    /// Playback policies.
    policies: Vec<Policy>,
    /// Qualities.
    qualities: Vec<String>,
    /// Largest file in bytes; null where there is no limit. A provider may take less than another.
    max_bytes: Option<u64>,
    /// Longest video in seconds; null where there is no limit. A provider may take less than another.
    max_duration_s: Option<u64>,
    /// Media types; empty for any.
    content_types: Vec<String>,
    /// How long the upload URL lives, in seconds, where the provider does not limit it.
    ttl_s: u64,
}

/// Returns what the caller may choose. A limit is that of the provider that takes most.
pub(crate) fn offer_uploads(state: &AppState, caller: &Caller) -> Offer {
    let settings = &state.settings;
    let providers = allowed_providers(settings, caller.upload());
    let limits: Vec<UploadLimits> = providers
        .iter()
        .map(|name| {
            let map = state.providers.by_name(name);
            let own = map.map(|map| map.upload_limits()).unwrap_or_default();
            SourcedLimits::strictest(settings, caller, name, own).limits()
        })
        .collect();
    // Why `None` where one has none: the page must not refuse what a provider takes.
    let loosest = |get: fn(&UploadLimits) -> Option<u64>| {
        let each: Option<Vec<u64>> = limits.iter().map(get).collect();
        each.and_then(|each| each.into_iter().max())
    };
    Offer {
        policies: allowed_policies(settings, caller.upload()),
        qualities: owned(&allowed_qualities(settings, caller.upload())),
        max_bytes: loosest(|limits| limits.max_bytes),
        max_duration_s: loosest(|limits| limits.max_duration_s),
        content_types: allowed_content_types(settings, caller.upload()),
        ttl_s: settings.uploads.ttl_s,
        providers: owned(&providers),
    }
}

/// What a video from an address may be.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IngestOffer {
    /// Providers that fetch from addresses, among those of `uploads`.
    providers: Vec<String>,
    /// Hosts that an address may have: names, `*.example.com` for every name below it, `*` for any.
    allowed_hosts: Vec<String>,
    /// Whether an address may have plain http.
    allow_http: bool,
}

/// Returns from where the caller may have videos fetched; `None` where that is nowhere.
pub(crate) fn offer_ingests(state: &AppState, caller: &Caller) -> Option<IngestOffer> {
    let rules = &state.settings.ingest;
    let fetches = |name: &&str| {
        let provider = state.providers.by_name(name);
        provider.is_some_and(|provider| provider.supports(Capability::Ingest))
    };
    let providers = allowed_providers(&state.settings, caller.upload());
    let providers: Vec<&str> = providers.into_iter().filter(fetches).collect();
    let is_off = rules.allowed_hosts.is_empty() || providers.is_empty();
    (!is_off).then(|| IngestOffer {
        providers: owned(&providers),
        allowed_hosts: rules.allowed_hosts.clone(),
        allow_http: rules.allow_http,
    })
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}
