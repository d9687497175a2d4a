//! A video whose requests are worked off, with what its provider answers meanwhile.

use crate::domain::{NeededIds, Observation, Video};
use crate::jobs::provider_status::fetch_status;
use crate::provider::{Priority, Provider};
use crate::state::AppState;

/// What the provider answered while requests were worked off.
#[derive(Debug, Default)]
pub(super) struct WorkedOff {
    /// To be joined with [`Video::observe`].
    pub(super) observations: Vec<Observation>,
    /// Whether the asset is missing, for [`Video::note_missing`].
    pub(super) missing: Option<bool>,
    /// Requests are left that can be worked on at once.
    pub(super) goes_on: bool,
}

/// One video in one look at it.
pub(super) struct AskedVideo<'a> {
    state: &'a AppState,
    provider: &'a Provider,
    /// The video, with what was answered in this look.
    pub(super) video: Video,
    pub(super) answered: WorkedOff,
    /// The provider was asked in this look, and nothing was called since that changes its answer.
    is_fresh: bool,
    /// That answer has the tracks.
    has_tracks: bool,
}

impl<'a> AskedVideo<'a> {
    pub(super) fn new(state: &'a AppState, provider: &'a Provider, video: &Video) -> Self {
        Self {
            state,
            provider,
            video: video.clone(),
            answered: WorkedOff::default(),
            is_fresh: false,
            has_tracks: false,
        }
    }

    /// The next question asks the provider again.
    pub(super) const fn make_stale(&mut self) {
        self.is_fresh = false;
    }

    /// Asks the provider about the video, once a look. Returns whether it answered.
    pub(super) async fn ask(&mut self) -> bool {
        if self.is_fresh {
            return true;
        }
        let (state, provider) = (self.state, self.provider);
        let asked = fetch_status(provider, &self.video, Priority::Background, &state.clock).await;
        let answer = match asked {
            Ok(answer) if !answer.is_not_found() => answer,
            Ok(answer) => {
                self.answered.missing = answer.missing_asset(&self.video);
                return false;
            }
            Err(error) => {
                tracing::warn!(video.id = %self.video.id, %error, "the provider could not be asked");
                return false;
            }
        };
        self.answered.missing = answer.missing_asset(&self.video);
        self.has_tracks = !answer.tracks_failed;
        for seen in answer.observations {
            // Why no ids: the status of this copy is shown to nobody.
            if self.video.observe(&seen, NeededIds::default()).is_err() {
                return false;
            }
            self.answered.observations.push(seen);
        }
        self.is_fresh = true;
        true
    }

    /// Asks the provider about the video, as [`AskedVideo::ask`] does. Returns whether it answered with the tracks, too.
    pub(super) async fn ask_for_tracks(&mut self) -> bool {
        self.ask().await && self.has_tracks
    }
}
