//! What goes along with a video: its renditions are asked for again; its tracks cannot be handed over yet.

use serde_json::Value;

use super::file::ask_for;
use super::next::Next;
use crate::domain::{Field, Move, MoveState, Video};
use crate::provider::{Provider, RenditionKind, RenditionStatus};
use crate::state::AppState;
use crate::store::StoreError;

/// Words by which providers call tracks of text.
const TEXT_KINDS: [&str; 4] = ["text", "subtitles", "captions", "subtitle"];

/// Returns what a move would leave behind: the tracks of text that the provider lists, by their names.
// Why by these words: a map does not yet read tracks, and the row has them as the provider told them.
pub(super) fn tracks_left_behind(video: &Video) -> Vec<String> {
    let tracks = video
        .known
        .fact(Field::Tracks)
        .and_then(|fact| fact.value.as_array());
    let tracks = tracks.into_iter().flatten().filter(|track| is_text_track(track));
    tracks.map(track_name).collect()
}

/// Returns whether a track, as its provider lists it, is one of text that is there.
fn is_text_track(track: &Value) -> bool {
    let Some(members) = track.as_object() else {
        return false;
    };
    let mut texts = members.values().filter_map(Value::as_str);
    let is_gone = members
        .get("status")
        .and_then(Value::as_str)
        .is_some_and(|status| matches!(status, "deleted" | "errored"));
    !is_gone && texts.any(|text| TEXT_KINDS.contains(&text))
}

/// Returns the name, the language, or the kind of a track for people.
fn track_name(track: &Value) -> String {
    let names = ["name", "language_code", "language", "id"];
    let mut found = names.iter().filter_map(|name| track[*name].as_str());
    found.next().unwrap_or("text").to_owned()
}

/// Returns the names of the files that the video has, to be asked for at the new provider. The source is none of them: it
/// is handed over.
pub(super) fn renditions_of(from: &Provider, video: &Video) -> Vec<String> {
    let files = from.renditions(video).into_iter();
    files
        .filter(|file| file.kind != RenditionKind::Source && file.status == RenditionStatus::Ready)
        .map(|file| file.name)
        .collect()
}

/// Step 6: asks the new provider for the renditions that were there, and notes those that it does not make.
///
/// # Errors
/// The database fails.
pub(super) async fn ask(state: &AppState, wish: &mut Move) -> Result<Next, StoreError> {
    let done = Next::End(MoveState::Done, None);
    let Some(video) = state.store.find_video(wish.video_id).await? else {
        return Ok(done);
    };
    // Why passed over: the video has been taken elsewhere since.
    let to = state.providers.by_name(&wish.to_provider);
    let Some(to) = to.filter(|to| to.name() == video.provider) else {
        return Ok(done);
    };
    let there = to.renditions(&video);
    for name in &wish.renditions {
        if there.iter().any(|file| file.name == *name) {
            continue;
        }
        let is_asked = to.can_make_rendition(name) && ask_for(state, &video, name).await?.is_none();
        if !is_asked {
            wish.notes
                .push(format!("the rendition \"{name}\" is not made at {}", to.name()));
        }
    }
    Ok(done)
}
