//! The tracks in a video's row: written, changed and removed.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    renditions::RequestState,
    status::ShownStatus,
    tracks::{AskedTrack, AskedTracks, TrackAction, TrackKind},
    video::Video,
};

impl Video {
    /// Returns the tracks that callers asked for, in the order of the requests.
    pub fn asked_tracks(&self) -> &[AskedTrack] {
        self.tracks_asked.as_ref().map_or(&[], AskedTracks::as_slice)
    }

    /// Returns the asked track of this id.
    pub fn asked_track(&self, id: Uuid) -> Option<&AskedTrack> {
        self.asked_tracks().iter().find(|track| track.id == id)
    }

    /// Some track waits for a call, or for what the provider makes of it.
    pub fn has_open_tracks(&self) -> bool {
        self.asked_tracks().iter().any(AskedTrack::is_open)
    }

    /// Puts a track among those that are asked for, in the place of one with the same id, and makes the video due at once.
    pub fn ask_for_track(&mut self, track: AskedTrack, now: DateTime<Utc>) {
        let tracks = self.tracks_asked.get_or_insert_default();
        match tracks.0.iter_mut().find(|known| known.id == track.id) {
            Some(known) => *known = track,
            None => tracks.0.push(track),
        }
        self.checks = 0;
        self.check_at = Some(now);
    }

    /// Adds a track that the provider is asked for as it is asked for the video.
    pub fn begin_with_track(&mut self, id: Uuid, language: &str, name: &str, now: DateTime<Utc>) {
        let (language, name) = (language.to_owned(), name.to_owned());
        let track = AskedTrack {
            // Why: the calls that begin the video carry it. The provider's list shows what came of it.
            state: RequestState::Done,
            ..AskedTrack::new(
                id,
                TrackAction::Generate,
                TrackKind::Subtitles,
                language,
                name,
                now,
            )
        };
        self.tracks_asked.get_or_insert_default().0.push(track);
    }

    /// Returns the tracks that the calls which begin the video carry; none once it has begun.
    pub fn tracks_to_begin_with(&self) -> Vec<AskedTrack> {
        let begins = self.status == ShownStatus::Created;
        self.asked_tracks().iter().filter(|_| begins).cloned().collect()
    }

    /// Removes the asked track of this id.
    pub fn forget_track(&mut self, id: Uuid) {
        self.retain_tracks(|track| track.id != id);
    }

    /// Removes the asked tracks that `is_kept` says false of.
    pub fn retain_tracks(&mut self, is_kept: impl Fn(&AskedTrack) -> bool) {
        if let Some(tracks) = &mut self.tracks_asked {
            tracks.0.retain(is_kept);
            if tracks.0.is_empty() {
                self.tracks_asked = None;
            }
        }
    }

    /// Changes this very request; does nothing where it is gone, or another one has taken its place. Returns whether it was
    /// there.
    pub fn change_track(&mut self, track: &AskedTrack, change: impl FnOnce(&mut AskedTrack)) -> bool {
        let mut tracks = self.tracks_asked.iter_mut().flat_map(|all| &mut all.0);
        tracks.find(|known| known.is_same(track)).map(change).is_some()
    }
}
