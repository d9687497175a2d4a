//! `[playback.tracks]`: addresses of a video's tracks of text.

use super::address::{Address, AddressNeeds, AddressPair};
use crate::{
    domain::{Policy, TrackKind},
    provider::{
        compile::{Constants, Location},
        error::MapError,
        template::{Place, Scope, TrackParts},
        tracks::{ListedTrack, TrackAddress, TrackStatus},
        vocabulary::PlaybackTracksTable,
    },
};

/// `[playback.tracks]`, compiled.
pub(crate) struct TrackAddresses {
    pub(super) addresses: AddressPair,
}

impl TrackAddresses {
    /// Compiles the table. Its addresses stand at the [`Place`]s of public addresses and of signed ones.
    ///
    /// # Errors
    /// [`MapError`]: a part is malformed.
    pub(super) fn compile(
        declared: PlaybackTracksTable,
        at: &Location,
        (public, signed): (&Place, &Place),
        constants: &Constants,
    ) -> Result<Self, MapError> {
        let public = Place::for_track_address(public.clone());
        let signed = Place::for_track_address(signed.clone());
        Ok(Self {
            addresses: AddressPair::compile(declared.url, at, "url", (&public, &signed), constants)?,
        })
    }

    /// Returns the addresses of those tracks that have one.
    pub(super) fn render(
        &self,
        tracks: &[ListedTrack],
        policy: Policy,
        scope: &Scope<'_>,
    ) -> Vec<TrackAddress> {
        let Some(address) = self.addresses.get(policy) else {
            return Vec::new();
        };
        let shown = tracks.iter().filter(|track| has_address(track));
        let rendered = shown.filter_map(|track| {
            Some(TrackAddress {
                provider_id: track.provider_id.clone(),
                url: render_one(track, address, scope)?,
            })
        });
        rendered.collect()
    }

    /// Returns what the addresses of this policy need; `None` where there are none.
    pub(super) fn needs(&self, policy: Policy) -> Option<&AddressNeeds> {
        self.addresses.get(policy).map(|address| &address.needs)
    }
}

/// Returns true for a track of text that is ready: a page shows it beside the video. Sound plays in the stream alone.
pub(super) fn has_address(track: &ListedTrack) -> bool {
    track.status == TrackStatus::Ready && track.kind != TrackKind::Audio
}

/// Renders the address of one track; `None` where it lacks a value that the address holds.
fn render_one(track: &ListedTrack, address: &Address, scope: &Scope<'_>) -> Option<String> {
    let scope = Scope {
        track: TrackParts {
            kind: Some(track.kind),
            language: track.language.as_deref(),
            name: track.name.as_deref(),
            id: Some(&track.provider_id),
            ..TrackParts::default()
        },
        ..*scope
    };
    address.url.render(&scope).ok()
}
