//! The file that is handed over: chosen, made, and its address.

use crate::config::Ingest;
use crate::domain::{Policy, SourceUrl, Video};
use crate::jobs::begin::check_provider_url;
use crate::jobs::renditions::{RequestRefusal, request_rendition};
use crate::provider::{CallError, Provider, Rendition, RenditionAddress, RenditionKind, RenditionStatus};
use crate::state::AppState;
use crate::store::StoreError;

/// Life of a signed address in seconds, where the old provider's map allows it: a day, for the new one may fetch the file
/// when it has time.
const ADDRESS_TTL_S: u64 = 24 * 3600;
/// Name of the file as it was uploaded.
const SOURCE: &str = "source";
/// Name of the largest file that a provider makes.
const HIGHEST: &str = "highest";

/// The choice among a video's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice<'a> {
    /// This one, which is there.
    Take(&'a Rendition),
    /// The one of this name, which is to be made.
    Make(&'static str),
    /// The one of this name, which is being made.
    Wait(&'a str),
    /// There is none, and none can be made.
    Nothing,
}

/// Chooses the file that is handed over: the source, else `highest`, else the largest one with a picture. A better one that
/// can be made goes before a lesser one that is there. `with_source` is false where the source cannot be fetched.
pub(super) fn choose_file(
    files: &[Rendition],
    with_source: bool,
    can_make: impl Fn(&str) -> bool,
) -> Choice<'_> {
    let is_source = |file: &Rendition| file.kind == RenditionKind::Source || file.name == SOURCE;
    let sources = files.iter().filter(|file| with_source && is_source(file));
    let videos = files
        .iter()
        .filter(|file| file.kind == RenditionKind::Video && !is_source(file));
    let wanted = [
        (SOURCE, sources.collect::<Vec<_>>(), with_source),
        (
            HIGHEST,
            videos.clone().filter(|file| file.name == HIGHEST).collect(),
            true,
        ),
    ];
    for (name, found, may_make) in wanted {
        let with = |status| found.iter().copied().find(move |file| file.status == status);
        if let Some(ready) = with(RenditionStatus::Ready) {
            return Choice::Take(ready);
        }
        if let Some(preparing) = with(RenditionStatus::Preparing) {
            return Choice::Wait(&preparing.name);
        }
        // Why not one that failed: it would fail again.
        if may_make && found.is_empty() && can_make(name) {
            return Choice::Make(name);
        }
    }
    let size = |file: &&Rendition| (file.height.or(file.width), file.bitrate, file.bytes);
    let with = |status| videos.clone().filter(move |file| file.status == status);
    if let Some(largest) = with(RenditionStatus::Ready).max_by_key(size) {
        return Choice::Take(largest);
    }
    match with(RenditionStatus::Preparing).max_by_key(size) {
        Some(preparing) => Choice::Wait(&preparing.name),
        None => Choice::Nothing,
    }
}

/// Has a video's provider make a file, as the request of a caller does: in the background. Returns the reason where it is not
/// made.
///
/// # Errors
/// The database fails.
pub(super) async fn ask_for(
    state: &AppState,
    video: &Video,
    name: &str,
) -> Result<Option<RequestRefusal>, StoreError> {
    // Why not where it is somewhere else by now: the file is to be made at this provider.
    let is_there = |now: &Video| now.provider == video.provider;
    Ok(request_rendition(state, video.id, name, is_there).await?.err())
}

/// Returns the address of a file that is ready, with a life of [`ADDRESS_TTL_S`] where it is signed.
///
/// # Errors
/// The map signs by a call, and the call failed.
pub(super) async fn address_of(
    state: &AppState,
    from: &Provider,
    video: &Video,
    name: &str,
) -> Result<Option<RenditionAddress>, CallError> {
    let now = state.clock.now();
    let found = from.rendition_addresses(video, ADDRESS_TTL_S, now).await?;
    Ok(found.into_iter().find(|address| address.file.name == name))
}

/// Checks an address that the new provider is to fetch.
///
/// # Errors
/// The reason why it cannot fetch from there.
pub fn check_address(
    address: &RenditionAddress,
    policy: Policy,
    to: &Provider,
    rules: &Ingest,
) -> Result<SourceUrl, String> {
    // Why: ingest.allow_http binds what callers name.
    let rules = Ingest {
        allow_http: true,
        ..rules.clone()
    };
    let name = &address.file.name;
    let url = check_provider_url(&address.url, &rules);
    let url = url.map_err(|wrong| format!("the address of \"{name}\" {wrong}"))?;
    let is_signed = policy == Policy::Signed || url.expose().contains('?');
    if is_signed && !to.fetches_signed() {
        return Err(format!("{} fetches no signed or expiring addresses", to.name()));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, kind: RenditionKind, status: RenditionStatus, height: u64) -> Rendition {
        Rendition {
            name: name.to_owned(),
            kind,
            status,
            width: None,
            height: Some(height),
            bytes: None,
            bitrate: None,
        }
    }

    #[test]
    fn the_best_file_is_chosen_and_made_where_it_can_be() {
        use RenditionKind::{Audio, Source, Video};
        use RenditionStatus::{Errored, Preparing, Ready};
        let small = file("480p", Video, Ready, 480);
        let large = file("1080p", Video, Ready, 1080);
        let highest = file("highest", Video, Ready, 1080);
        let all = |_: &str| true;
        let none = |_: &str| false;
        let only = |wanted: &'static str| move |name: &str| name == wanted;
        let files = [small.clone(), file("source", Source, Ready, 0), highest.clone()];
        assert_eq!(choose_file(&files, true, none), Choice::Take(&files[1]));
        assert_eq!(choose_file(&files, false, all), Choice::Take(&files[2]));
        let files = [small.clone(), large.clone(), file("audio-only", Audio, Ready, 0)];
        assert_eq!(choose_file(&files, true, none), Choice::Take(&files[1]));
        assert_eq!(choose_file(&files, true, all), Choice::Make("source"));
        assert_eq!(
            choose_file(&files, true, only("highest")),
            Choice::Make("highest")
        );
        let files = [file("source", Source, Preparing, 0), highest.clone()];
        assert_eq!(choose_file(&files, true, all), Choice::Wait("source"));
        let files = [file("source", Source, Errored, 0), highest];
        assert_eq!(choose_file(&files, true, all), Choice::Take(&files[1]));
        let files = [file("720p", Video, Preparing, 720)];
        assert_eq!(choose_file(&files, true, none), Choice::Wait("720p"));
        assert_eq!(choose_file(&[], true, none), Choice::Nothing);
    }
}
