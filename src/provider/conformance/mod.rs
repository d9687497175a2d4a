//! The conformance kit: tries a map without an account, with what its provider answered and sent once.

mod calls;
mod cassette;
mod deliveries;
mod live;
mod playing;
mod report;
mod sample;

pub use report::{Finding, Report};

use super::{Capability, Env, LoadOptions, MapError, Provider};
use crate::domain::Policy;
use cassette::Cassette;

/// A map to be tried.
#[derive(Clone, Copy)]
pub struct Trial<'a> {
    /// The map's file, for complaints.
    pub file: &'a str,
    /// The map's text.
    pub toml: &'a str,
    /// The cassette's file and text.
    pub cassette: Option<(&'a str, &'a str)>,
    /// Variables that the cassette does not bring.
    pub env: Env<'a>,
    /// Ask the provider's real API too: reading only, with the environment's own credentials.
    pub live: bool,
    /// The time at which samples are made.
    pub now: chrono::DateTime<chrono::Utc>,
}

/// Compiles the map, shows what it would send, and says of each capability whether it is there.
///
/// # Errors
/// The map does not compile, or the cassette cannot be read: one line.
pub async fn examine(trial: Trial<'_>) -> Result<Report, MapError> {
    let cassette = match trial.cassette {
        Some((file, text)) => Cassette::read(file, text)?,
        None => Cassette::default(),
    };
    let env = |name: &str| {
        cassette
            .variables
            .get(name)
            .cloned()
            .or_else(|| (trial.env)(name))
    };
    let provider = Box::new(load(&trial, &env)?);
    let mut report = Report::default();
    let captures = calls::upload(&provider, &cassette, trial.now, &mut report);
    calls::others(&provider, &cassette, &captures, trial.now, &mut report);
    deliveries::read(&provider, &cassette, &mut report);
    playing::play(&provider, &captures, trial.now, &mut report).await;
    capabilities(&provider, &mut report);
    report.sort();
    if trial.live {
        let provider = Box::new(load(&trial, trial.env)?);
        live::ask(&provider, trial.now, &mut report).await;
    }
    Ok(report)
}

fn load(trial: &Trial<'_>, env: Env<'_>) -> Result<Provider, MapError> {
    Provider::load("trial", trial.file, trial.toml, env, &LoadOptions::default())
}

/// The capabilities that need no sample, in the order in which people read them.
fn capabilities(provider: &Provider, report: &mut Report) {
    let has = |what| provider.can(what);
    let missing = |table: &str| Err(format!("the map has no [{table}]"));
    report.finds(
        "cancel",
        match (has(Capability::UploadCancel), has(Capability::AssetDelete)) {
            (true, _) => Ok("a call of its own".to_owned()),
            (false, true) => Ok("by deleting the asset, where one is known".to_owned()),
            (false, false) => missing("upload.cancel"),
        },
    );
    report.finds(
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
    report.finds("reconcile", asks.map(str::to_owned).map_err(str::to_owned));
    let refresh = if has(Capability::AssetGet) {
        Ok("asset.get".to_owned())
    } else {
        missing("asset.get")
    };
    report.finds("refresh", refresh);
    let signed = if provider.can_play(Policy::Signed) {
        Ok(provider
            .max_playback_ttl_s()
            .map(|max| format!("at most {max} s"))
            .unwrap_or_default())
    } else if provider.map.playback.off {
        Err("the variables that [playback.sign] needs are empty".to_owned())
    } else {
        Err("`hls` has no signed form".to_owned())
    };
    report.finds("signed playback", signed);
    let pictures = if has(Capability::Thumbnails) {
        Ok(String::new())
    } else {
        missing("thumbnail")
    };
    report.finds("thumbnails", pictures);
}
