//! The result of looking at one video.

use chrono::{DateTime, Utc};

use crate::domain::Observation;
use crate::jobs::asked_video::WorkedOff;

/// The findings of one look, to be written in one edit of the video. The default is: nothing new, check again later.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// To be joined with [`Video::observe`](crate::domain::Video::observe).
    pub(super) observations: Vec<Observation>,
    /// `Some(true)` where the provider called the asset missing; `None` where it was not asked, see
    /// [`Video::note_missing`](crate::domain::Video::note_missing).
    pub(super) missing: Option<bool>,
    /// Members that the provider has now, or refused for good: they are unsent no more.
    pub(super) sent: Vec<String>,
    /// The video is to be looked at again at once: something is left that can be done now.
    pub(super) goes_on: bool,
}

impl Findings {
    /// Creates findings of one observation.
    pub(super) fn from_observation(observation: Observation) -> Self {
        Self {
            observations: vec![observation],
            ..Self::default()
        }
    }

    /// Adds what the provider answered while requests were worked off.
    pub(super) fn add(&mut self, worked: WorkedOff) {
        self.observations.extend(worked.observations);
        self.missing = worked.missing.or(self.missing);
        self.goes_on |= worked.goes_on;
    }

    /// Creates findings that end the video: it is gone at its provider.
    pub(super) fn gone_at(now: DateTime<Utc>) -> Self {
        Self::from_observation(Observation {
            gone: true,
            ..own_observation(now)
        })
    }
}

/// Returns an empty observation that is a conclusion of ours, made `now`.
pub(super) fn own_observation(now: DateTime<Utc>) -> Observation {
    Observation {
        at: Some(now),
        seen_at: now,
        ..Observation::default()
    }
}

/// Returns our own conclusion that the asset is deleted without the owner's asking.
pub(super) fn discarded_observation(now: DateTime<Utc>) -> Observation {
    Observation {
        discarded: true,
        ..own_observation(now)
    }
}
