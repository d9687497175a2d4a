//! The tracks of an answer to playback, with their addresses.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::{TrackKind, TrackOrigin, Video};
use crate::provider::{ShownTrack, ShownTrackStatus, TrackAddress};
use crate::state::ProviderSet;

/// A track of text, with its address: for the `<track>` of a page, which sends no token.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PlaybackTrack {
    id: Uuid,
    kind: TrackKind,
    /// A BCP 47 tag; `und` where none is known.
    language: String,
    /// For viewers.
    name: String,
    /// Always `ready`.
    status: ShownTrackStatus,
    source: TrackOrigin,
    /// WebVTT. It ends as all other addresses do.
    url: String,
}

/// Returns the tracks that have an address, in the order in which the video shows them.
pub(super) fn playback_tracks(
    providers: &ProviderSet,
    video: &Video,
    addresses: &[TrackAddress],
) -> Vec<PlaybackTrack> {
    let provider = providers.by_name(&video.provider);
    let shown = provider.map(|provider| provider.shown_tracks(video));
    let with_address = |track: ShownTrack| {
        let theirs = track.listed?.provider_id;
        let address = addresses.iter().find(|address| address.provider_id == theirs)?;
        Some(PlaybackTrack {
            id: track.id,
            kind: track.kind,
            language: track.language,
            name: track.name,
            status: track.status,
            source: track.source,
            url: address.url.clone(),
        })
    };
    shown.into_iter().flatten().filter_map(with_address).collect()
}
