//! One trial of a map, from its text to the report.

use chrono::{DateTime, Utc};

use super::{
    call_trials::{try_ingest, try_other_calls, try_upload},
    cassette::Cassette,
    live::try_live,
    playback_trials::try_playback,
    report::Report,
    webhook_trials::try_webhooks,
};
use crate::{
    domain::Policy,
    provider::{
        error::MapError,
        load_options::{Env, LoadOptions},
        loaded::{Capability, Provider},
        template::TRACK_KINDS,
    },
};

/// A map to be tried, and everything the trial needs.
#[derive(Clone, Copy)]
pub struct Trial<'a> {
    /// The map's file, for error messages. Maps that it extends are looked for in its folder, then among the built-in ones.
    pub file: &'a str,
    /// The map's text.
    pub toml: &'a str,
    /// The cassette's file and text; without one nothing is compared.
    pub cassette: Option<(&'a str, &'a str)>,
    /// Variables that the cassette does not set.
    pub env: Env<'a>,
    /// True to call the provider's real API too: reading only, with the credentials of `env` alone.
    pub live: bool,
    /// The time at which the sample video is made.
    pub now: DateTime<Utc>,
}

/// Runs a trial and reports requests, capabilities and problems.
///
/// # Errors
/// The map does not compile, or the cassette cannot be read.
pub async fn examine(trial: Trial<'_>) -> Result<Report, MapError> {
    let cassette = match trial.cassette {
        Some((file, text)) => Cassette::parse_text(file, text)?,
        None => Cassette::default(),
    };
    let env = |name: &str| {
        cassette
            .variables
            .get(name)
            .cloned()
            .or_else(|| (trial.env)(name))
    };
    // Why boxed: held across an `await`, it would make this future as large as itself.
    let provider = Box::new(load_provider(&trial, &env)?);
    let mut report = Report::default();
    let captures = try_upload(&provider, &cassette, trial.now, &mut report);
    try_ingest(&provider, &cassette, trial.now, &mut report);
    try_other_calls(&provider, &cassette, &captures, trial.now, &mut report);
    try_webhooks(&provider, &cassette, &mut report);
    try_playback(&provider, &captures, trial.now, &mut report).await;
    add_capabilities(&provider, &mut report);
    report.sort_findings();
    if trial.live {
        // Why compiled again: the variables of a cassette are made up and must not reach the real API.
        let provider = Box::new(load_provider(&trial, trial.env)?);
        try_live(&provider, trial.now, &mut report).await;
    }
    Ok(report)
}

/// Compiles the map with default options: rate in memory, calls not counted.
fn load_provider(trial: &Trial<'_>, env: Env<'_>) -> Result<Provider, MapError> {
    Provider::load("trial", trial.file, trial.toml, env, &LoadOptions::default())
}

/// Adds the capabilities that need no sample.
fn add_capabilities(provider: &Provider, report: &mut Report) {
    let has = |what| provider.supports(what);
    let missing = |table: &str| Err(format!("the map has no [{table}]"));
    report.add_finding(
        "cancel",
        match (has(Capability::UploadCancel), has(Capability::AssetDelete)) {
            (true, _) => Ok("a call of its own".to_owned()),
            (false, true) => Ok("by deleting the asset, where one is known".to_owned()),
            (false, false) => missing("upload.cancel"),
        },
    );
    report.add_finding(
        "delete",
        if has(Capability::AssetDelete) {
            Ok(String::new())
        } else {
            missing("asset.delete")
        },
    );
    let asks = match (has(Capability::AssetGet), has(Capability::UploadGet)) {
        (true, true) => Ok("asset.get and upload.get"),
        (true, false) => Ok("asset.get"),
        (false, true) => Ok("upload.get"),
        (false, false) => {
            Err("neither [asset.get] nor [upload.get]: what webhooks do not say is never known")
        }
    };
    report.add_finding("reconcile", asks.map(str::to_owned).map_err(str::to_owned));
    let refresh = if has(Capability::AssetGet) {
        Ok("asset.get".to_owned())
    } else {
        missing("asset.get")
    };
    report.add_finding("refresh", refresh);
    let signed = if provider.can_play(Policy::Signed) {
        Ok(provider
            .max_playback_ttl_s()
            .map(|max| format!("at most {max} s"))
            .unwrap_or_default())
    } else if provider.map.playback.signing_off {
        Err("the variables that [playback.sign] needs are empty".to_owned())
    } else {
        Err("`hls` has no signed form".to_owned())
    };
    report.add_finding("signed playback", signed);
    let pictures = if has(Capability::Thumbnails) {
        Ok(String::new())
    } else {
        missing("thumbnail")
    };
    report.add_finding("thumbnails", pictures);
    // Why nothing where there are none: a provider without files besides the stream lacks nothing.
    if has(Capability::Renditions) {
        let makes = provider.makeable_renditions().join(", ");
        let files = if makes.is_empty() {
            "listed, made by the provider alone".to_owned()
        } else {
            format!("made on demand: {makes}")
        };
        report.add_finding("files", Ok(files));
    }
    if has(Capability::Tracks) {
        report.add_finding("tracks", Ok(describe_tracks(provider)));
    }
}

/// Says what can be done with tracks.
fn describe_tracks(provider: &Provider) -> String {
    let kinds = TRACK_KINDS
        .iter()
        .filter(|(_, kind)| provider.track_send(*kind).is_some());
    let kinds: Vec<&str> = kinds.map(|(word, _)| *word).collect();
    let mut parts = vec!["listed".to_owned()];
    if !kinds.is_empty() {
        parts.push(format!("added ({})", kinds.join(", ")));
    }
    let more = [
        ("generated", provider.can_generate_tracks()),
        ("deleted", provider.can_delete_tracks()),
        ("read", provider.can_read_tracks()),
    ];
    parts.extend(
        more.into_iter()
            .filter(|(_, can)| *can)
            .map(|(word, _)| word.to_owned()),
    );
    parts.join(", ")
}
