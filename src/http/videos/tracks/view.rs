//! [`TrackView`]: the JSON of a track.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::{ErrorCode, TrackFailure, TrackKind, TrackOrigin, Video};
use crate::provider::{ShownTrack, ShownTrackStatus};
use crate::state::ProviderSet;

/// One track of a video: captions, subtitles or sound.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Track)]
pub(crate) struct TrackView {
    /// It stays the same, whatever becomes of the track.
    pub(crate) id: Uuid,
    kind: TrackKind,
    /// A BCP 47 tag; `und` where none is known.
    language: String,
    /// For viewers.
    name: String,
    status: ShownTrackStatus,
    source: TrackOrigin,
    /// Why it is not there; null unless errored.
    error: Option<TrackErrorView>,
}

/// Why a track is not there.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = TrackError)]
struct TrackErrorView {
    /// One of a closed list, the same for every provider.
    code: ErrorCode,
    /// For people.
    message: String,
}

impl From<ShownTrack> for TrackView {
    fn from(track: ShownTrack) -> Self {
        let view_error = |TrackFailure { code, message }| TrackErrorView { code, message };
        Self {
            id: track.id,
            kind: track.kind,
            language: track.language,
            name: track.name,
            status: track.status,
            source: track.source,
            error: track.failure.map(view_error),
        }
    }
}

/// Returns the tracks as the video's map reads them; none without its map.
pub(in crate::http) fn view_tracks(providers: &ProviderSet, video: &Video) -> Vec<TrackView> {
    let provider = providers.by_name(&video.provider);
    let tracks = provider.map(|provider| provider.shown_tracks(video));
    tracks.into_iter().flatten().map(TrackView::from).collect()
}
