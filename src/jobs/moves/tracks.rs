//! Tracks of text that go along with a video: their files are sent to the new provider as a caller's would be.
//!
//! Sound comes with the file. What the new provider has already, by kind, language and name, is not sent again: so this may be
//! repeated.

use crate::domain::{Move, TrackKind, Video};
use crate::jobs::tracks::{
    MAX_FILE_BYTES, NewTrack, TrackContentGiven, TrackRefusal, can_take_file, request_track,
};
use crate::provider::{CallError, Priority, Provider, ShownTrack, ShownTrackStatus};
use crate::state::AppState;
use crate::store::{StoreError, TrackFile};
use crate::subtitles::{SubtitleFormat, Subtitles};

/// What a move would leave behind: the tracks of text that cannot be handed over, by their names.
pub(super) fn tracks_left_behind(
    state: &AppState,
    video: &Video,
    (from, to): (&Provider, &Provider),
) -> Vec<String> {
    let left = text_tracks(from, video).filter(|track| {
        // Why: a file that was not sent yet is kept here.
        let is_readable = from.can_read_tracks() || track.status == ShownTrackStatus::Preparing;
        !is_readable || can_take_file(state, to, track.kind).is_err()
    });
    left.map(|track| track.name).collect()
}

/// Hands over the tracks of the old asset, which the row `old` has, to the video. Returns false where some are to be tried
/// again later. What cannot be handed over is noted, at the latest where `is_last`.
///
/// # Errors
/// The database fails.
pub(super) async fn hand_over_tracks(
    state: &AppState,
    wish: &mut Move,
    (old, video): (&Video, &Video),
    (from, to): (&Provider, &Provider),
    is_last: bool,
) -> Result<bool, StoreError> {
    let there = to.shown_tracks(video);
    let mut is_whole = true;
    for track in text_tracks(from, old) {
        let is_same = |other: &ShownTrack| {
            (other.kind, &other.language, &other.name) == (track.kind, &track.language, &track.name)
        };
        if there.iter().any(|other| other.is_there() && is_same(other)) {
            continue;
        }
        let name = track.name.clone();
        let why = match read_file(state, from, old, &track).await? {
            Ok(text) => send(state, video, track, text).await?,
            Err(error) if error.is_temporary() && !is_last => {
                tracing::warn!(video.id = %video.id, %error, "a track could not be read; trying again");
                is_whole = false;
                continue;
            }
            Err(error) => Some(error.to_string()),
        };
        if let Some(why) = why {
            let note = format!("the track \"{name}\" is not handed over: {why}");
            if !wish.notes.contains(&note) {
                wish.notes.push(note);
            }
        }
    }
    Ok(is_whole)
}

/// Returns the tracks of text that are there or on their way.
fn text_tracks(provider: &Provider, video: &Video) -> impl Iterator<Item = ShownTrack> {
    let tracks = provider.shown_tracks(video).into_iter();
    tracks.filter(|track| track.kind != TrackKind::Audio && track.is_there())
}

/// Returns the file of a track as it came: the one that is kept here, else the old provider's.
async fn read_file(
    state: &AppState,
    from: &Provider,
    old: &Video,
    track: &ShownTrack,
) -> Result<Result<Vec<u8>, CallError>, StoreError> {
    if let Some(TrackFile::Body(body)) = state.store.find_track_file(track.id).await? {
        return Ok(Ok(body));
    }
    let listed = track
        .listed
        .as_ref()
        .filter(|_| track.status == ShownTrackStatus::Ready);
    let Some(listed) = listed else {
        return Ok(Err(CallError::unsupported("tracks.file")));
    };
    let now = state.clock.now();
    Ok(from.read_track(old, listed, Priority::Background, now).await)
}

/// Asks for the track as a caller does. Returns why it is not taken.
async fn send(
    state: &AppState,
    video: &Video,
    track: ShownTrack,
    file: Vec<u8>,
) -> Result<Option<String>, StoreError> {
    let read = Subtitles::parse(&file, SubtitleFormat::WebVtt);
    let text = match read.or_else(|fault| {
        // Why: some providers give the file as it was sent.
        Subtitles::parse(&file, SubtitleFormat::SubRip).map_err(|_| fault)
    }) {
        Ok(subtitles) => subtitles.to_webvtt(),
        Err(fault) => return Ok(Some(format!("its file cannot be read: {fault}"))),
    };
    if text.len() > MAX_FILE_BYTES {
        return Ok(Some("its file is too large".to_owned()));
    }
    let new = NewTrack {
        id: state.clock.new_id(),
        kind: track.kind,
        language: track.language,
        name: track.name,
        content: TrackContentGiven::File(text),
    };
    // Why not where it is somewhere else by now: the file is to go to this provider.
    let is_there = |now: &Video| now.provider == video.provider;
    Ok(match request_track(state, video, &new, is_there).await? {
        Ok(_) | Err(TrackRefusal::Exists(_)) => None,
        Err(TrackRefusal::NotFound) => Some("the video is not there any more".to_owned()),
        Err(TrackRefusal::NotReady(status)) => Some(format!("the video is {status}")),
        Err(TrackRefusal::NotSupported(reason)) => Some(reason),
        Err(TrackRefusal::TooMany) => Some("the video has too many tracks".to_owned()),
    })
}
