//! The tracks of a video as they are shown: those of the provider's list, and what callers asked for.
//!
//! Which listed track an asked one is: the one with the provider's id, where that is known. Else the first that is like it
//! (kind, language and name, as far as the map's call carries them), that no other asked track is, and that was not there before the request; a request that the
//! provider was not called for is none of them.
//!
//! | request | list has the track | shown |
//! |---|---|---|
//! | none | yes | as the list has it, by a computed id |
//! | to be added or generated | yes | as the list has it |
//! | to be added or generated | not yet | `preparing` |
//! | to be added or generated, and was shown before | not any more | not at all |
//! | refused | ready | as the list has it |
//! | refused | not, or not ready | `errored` |
//! | to be deleted | yes, or the call was not accepted | `deleting` |
//! | deletion accepted | not any more | not at all |
//!
//! Kind, language, name and source of a track that somebody asked for are those of the request.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use super::track::{ListedTrack, TrackStatus};
use crate::domain::{AskedTrack, ErrorCode, RequestState, TrackAction, TrackFailure, TrackKind, TrackOrigin};

/// The language of a track of which none is known, by BCP 47.
const UNDETERMINED: &str = "und";

/// How far a track is, as callers see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TrackStatus)]
pub enum ShownTrackStatus {
    /// It is on its way.
    Preparing,
    /// Viewers have it.
    Ready,
    /// It is not there, and will not be.
    Errored,
    /// It is to be deleted.
    Deleting,
}

/// A track as callers see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownTrack {
    /// This service's id of it.
    pub id: Uuid,
    /// What it is.
    pub kind: TrackKind,
    /// Its language, a BCP 47 tag.
    pub language: String,
    /// Its name for viewers.
    pub name: String,
    /// How far it is.
    pub status: ShownTrackStatus,
    /// Where it comes from.
    pub source: TrackOrigin,
    /// Why it is errored; `None` unless it is.
    pub failure: Option<TrackFailure>,
    /// The track of the provider's list; `None` where the provider does not list it.
    pub listed: Option<ListedTrack>,
}

impl ShownTrack {
    /// The track is there, or on its way.
    pub fn is_there(&self) -> bool {
        matches!(self.status, ShownTrackStatus::Preparing | ShownTrackStatus::Ready)
    }
}

/// Returns the id of a track that nobody asked for here: the same on every replica and for ever.
///
/// `reference` is the id under which the provider knows the video.
pub fn computed_id(reference: Uuid, provider_id: &str) -> Uuid {
    let hash = Sha256::new()
        .chain_update(b"track\0")
        .chain_update(reference.as_bytes())
        .chain_update(provider_id);
    let mut bytes = [0; 16];
    for (byte, hashed) in bytes.iter_mut().zip(hash.finalize()) {
        *byte = hashed;
    }
    // Why this version: it is the one whose content is its maker's own affair (RFC 9562).
    Builder::from_custom_bytes(bytes).into_uuid()
}

/// Returns for each asked track the place of its listed one.
pub(crate) fn match_all(
    listed: &[ListedTrack],
    asked: &[AskedTrack],
    is_like: impl Fn(&ListedTrack, &AskedTrack) -> bool,
) -> Vec<Option<usize>> {
    let mut matches = vec![None; asked.len()];
    let mut taken = vec![false; listed.len()];
    // Why from the end: of two requests that the provider gave one id, the later one is the track.
    for (place, track) in asked.iter().enumerate().rev() {
        let at = track.provider_id.as_ref().and_then(|id| {
            let same = |track: &ListedTrack| track.provider_id == *id;
            listed.iter().position(same)
        });
        if let Some(at) = at.filter(|at| !taken[*at]) {
            taken[at] = true;
            matches[place] = Some(at);
        }
    }
    let may_be_there =
        |track: &AskedTrack| track.state != RequestState::Wanted || track.action == TrackAction::Delete;
    let unknown = |track: &AskedTrack| track.provider_id.is_none() && may_be_there(track);
    for (place, track) in asked.iter().enumerate().filter(|(_, track)| unknown(track)) {
        let at = listed.iter().enumerate().position(|(at, listed)| {
            !taken[at] && !track.others.contains(&listed.provider_id) && is_like(listed, track)
        });
        if let Some(at) = at {
            taken[at] = true;
            matches[place] = Some(at);
        }
    }
    matches
}

/// Merges the provider's list and the requests, by the table of the module.
pub(crate) fn show(
    reference: Uuid,
    listed: &[ListedTrack],
    asked: &[AskedTrack],
    is_like: impl Fn(&ListedTrack, &AskedTrack) -> bool,
) -> Vec<ShownTrack> {
    let matches = match_all(listed, asked, is_like);
    let mut out = Vec::new();
    for (at, track) in listed.iter().enumerate() {
        let place = matches.iter().position(|found| *found == Some(at));
        match place.and_then(|place| asked.get(place)) {
            Some(request) => out.push(show_asked(request, Some(track.clone()))),
            None => out.push(Some(show_listed(reference, track.clone()))),
        }
    }
    let unlisted = asked.iter().zip(&matches).filter(|(_, found)| found.is_none());
    out.extend(unlisted.map(|(request, _)| show_asked(request, None)));
    out.into_iter().flatten().collect()
}

/// Returns a track that nobody asked for here.
fn show_listed(reference: Uuid, track: ListedTrack) -> ShownTrack {
    let language = track.language.clone();
    let name = track.name.clone().or_else(|| language.clone());
    let (by_kind, origin) = match track.kind {
        TrackKind::Subtitles => ("Subtitles", TrackOrigin::Uploaded),
        TrackKind::Captions => ("Captions", TrackOrigin::Uploaded),
        // Why: of sound, nobody tells where it comes from, and nearly all of it was in the file.
        TrackKind::Audio => ("Audio", TrackOrigin::Embedded),
    };
    let (status, failure) = status_of(&track);
    ShownTrack {
        id: computed_id(reference, &track.provider_id),
        kind: track.kind,
        language: language.unwrap_or_else(|| UNDETERMINED.to_owned()),
        name: name.unwrap_or_else(|| by_kind.to_owned()),
        status,
        source: track.origin.unwrap_or(origin),
        failure,
        listed: Some(track),
    }
}

/// Returns a track that a caller asked for, as it is shown; `None` where it is not.
fn show_asked(request: &AskedTrack, listed: Option<ListedTrack>) -> Option<ShownTrack> {
    let told = listed.as_ref().map(status_of);
    let (status, failure) = match (request.action, request.state) {
        (TrackAction::Delete, RequestState::Done) if listed.is_none() => return None,
        (TrackAction::Delete, _) => (ShownTrackStatus::Deleting, None),
        (_, RequestState::Refused) => match told {
            Some((ShownTrackStatus::Ready, _)) => (ShownTrackStatus::Ready, None),
            _ => (ShownTrackStatus::Errored, request.failure.clone()),
        },
        _ => match told {
            Some(told) => told,
            None if request.is_settled => return None,
            None => (ShownTrackStatus::Preparing, None),
        },
    };
    Some(ShownTrack {
        id: request.id,
        kind: request.kind,
        language: request.language.clone(),
        name: request.name.clone(),
        status,
        source: request.origin,
        failure,
        listed,
    })
}

/// Returns the status of a listed track, and why it is errored.
fn status_of(track: &ListedTrack) -> (ShownTrackStatus, Option<TrackFailure>) {
    match track.status {
        TrackStatus::Preparing => (ShownTrackStatus::Preparing, None),
        TrackStatus::Ready => (ShownTrackStatus::Ready, None),
        TrackStatus::Errored | TrackStatus::Deleted => {
            let failure = TrackFailure {
                code: ErrorCode::ProcessingFailed,
                message: "The provider could not make the track.".to_owned(),
            };
            (ShownTrackStatus::Errored, Some(failure))
        }
    }
}

#[cfg(test)]
mod tests;
