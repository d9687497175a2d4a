//! Whether a video can be moved, and by which file: decided by its row and both maps, without a call.

use super::file::{Choice, choose_file};
use super::tracks::tracks_left_behind;
use crate::domain::{Field, Video};
use crate::provider::{Provider, Rendition};
use crate::state::AppState;

/// The outcome of [`judge`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The rendition of this name is handed over.
    Take(String),
    /// The old provider is to make this rendition first.
    Make(String),
    /// The old provider makes this rendition.
    Wait(String),
    /// The video is not moved, for this reason.
    No(String),
}

/// Decides whether a ready video can go from one provider to another, and by which of its files. `without_tracks` leaves tracks
/// behind that cannot be handed over.
pub fn judge(
    state: &AppState,
    video: &Video,
    (from, to): (&Provider, &Provider),
    without_tracks: bool,
) -> Verdict {
    if let Some(reason) = why_not(state, video, (from, to), without_tracks) {
        return Verdict::No(reason);
    }
    let files = from.renditions(video);
    // Why no source: its address is one that ends, as that of a signed video is.
    let choice = choose_file(&files, to.fetches_signed(), |name| from.can_make_rendition(name));
    match choice {
        Choice::Take(file) => match too_large(file, to) {
            Some(reason) => Verdict::No(reason),
            None => Verdict::Take(file.name.clone()),
        },
        Choice::Make(name) => Verdict::Make(name.to_owned()),
        Choice::Wait(name) => Verdict::Wait(name.to_owned()),
        Choice::Nothing => Verdict::No(format!("{} gives no file of it, and makes none", from.name())),
    }
}

/// Returns the reason why the new provider cannot have the video, whatever file is handed over.
fn why_not(
    state: &AppState,
    video: &Video,
    (from, to): (&Provider, &Provider),
    without_tracks: bool,
) -> Option<String> {
    let name = to.name();
    if to.ingest_step_count() == 0 {
        return Some(format!(
            "{name} fetches no files: its map has no [[ingest.steps]]"
        ));
    }
    if !to.can_play(video.playback_policy) {
        return Some(format!(
            "{name} cannot play videos with the policy \"{}\" as it is set up here",
            video.playback_policy.as_str()
        ));
    }
    let duration = video
        .known
        .fact(Field::Duration)
        .and_then(|fact| fact.value.as_f64());
    if let (Some(duration), Some(most)) = (duration, to.upload_limits().max_duration_s)
        && std::time::Duration::try_from_secs_f64(duration).is_ok_and(|one| one.as_secs() > most)
    {
        return Some(format!("it is longer than the {most} s that {name} takes"));
    }
    let tracks = tracks_left_behind(state, video, (from, to));
    if !without_tracks && !tracks.is_empty() {
        return Some(format!(
            "it has tracks that cannot be handed over ({}); --without-tracks leaves them behind",
            tracks.join(", ")
        ));
    }
    None
}

/// Returns the reason why the new provider does not take a file of this size.
fn too_large(file: &Rendition, to: &Provider) -> Option<String> {
    let most = to.upload_limits().max_bytes?;
    let bytes = file.bytes.filter(|bytes| *bytes > most)?;
    Some(format!(
        "\"{}\" has {bytes} bytes, and {} takes {most} at most",
        file.name,
        to.name()
    ))
}
