//! Calls about the tracks of a video: list them, add one, have one generated, delete one, read its file. And what is known of
//! them without a call.

use chrono::{DateTime, Utc};

use crate::{
    domain::{AskedTrack, Observation, TrackKind, Video},
    provider::{
        error::CallError,
        loaded::Provider,
        priority::Priority,
        subject::TemplateInput,
        tracks::{AcceptedTrack, ListedTrack, TrackContent, TrackSend},
    },
};

impl Provider {
    /// Returns true where the map reads tracks at all.
    pub fn has_tracks(&self) -> bool {
        false
    }

    /// Returns how the provider takes the file of a track of this kind; `None` where the map cannot add one.
    pub fn track_send(&self, _kind: TrackKind) -> Option<TrackSend> {
        None
    }

    /// Returns true where the map can have a track of text generated.
    pub fn can_generate_tracks(&self) -> bool {
        false
    }

    /// Returns true where the map can have a track deleted.
    pub fn can_delete_tracks(&self) -> bool {
        false
    }

    /// Returns true where the file of a track of text can be read back: by `[tracks.file]` or an address.
    pub fn can_read_tracks(&self) -> bool {
        false
    }

    /// Returns how many tracks can be asked for with an upload, or with an ingest; 0 where the map has no place for them.
    pub fn most_tracks_at_begin(&self, _is_ingest: bool) -> usize {
        0
    }

    /// Returns the tracks as the provider listed them last, those that are gone left out. Makes no call.
    pub fn listed_tracks(&self, _video: &Video) -> Vec<ListedTrack> {
        Vec::new()
    }

    /// Returns the listed track that this one is: by the provider's id, where it is known; else by kind, language and name,
    /// as far as the map's call carries them. Makes no call.
    pub fn find_track(&self, _video: &Video, _asked: &AskedTrack) -> Option<ListedTrack> {
        None
    }

    /// Lists the tracks by the map's call for that; nothing where it has none.
    ///
    /// # Errors
    /// The call failed.
    pub async fn list_tracks(
        &self,
        _subject: &TemplateInput,
        _priority: Priority<'_>,
        _now: DateTime<Utc>,
    ) -> Result<Vec<Observation>, CallError> {
        std::future::ready(Ok(Vec::new())).await
    }

    /// Has the provider take a track.
    ///
    /// # Errors
    /// The map cannot, or the call failed.
    pub async fn add_track(
        &self,
        _subject: &TemplateInput,
        _track: &AskedTrack,
        _content: TrackContent<'_>,
        _priority: Priority<'_>,
        _now: DateTime<Utc>,
    ) -> Result<AcceptedTrack, CallError> {
        std::future::ready(Err(CallError::unsupported("tracks.add"))).await
    }

    /// Has the provider generate a track.
    ///
    /// # Errors
    /// The map cannot, or a call failed.
    pub async fn generate_track(
        &self,
        _subject: &TemplateInput,
        _track: &AskedTrack,
        _priority: Priority<'_>,
        _now: DateTime<Utc>,
    ) -> Result<AcceptedTrack, CallError> {
        std::future::ready(Err(CallError::unsupported("tracks.generate"))).await
    }

    /// Deletes a listed track; one that is not there counts as deleted. Returns the time of the answer, by the provider's
    /// clock as far as that is known.
    ///
    /// # Errors
    /// The map cannot, or the call failed.
    pub async fn delete_track(
        &self,
        _subject: &TemplateInput,
        _track: &ListedTrack,
        _priority: Priority<'_>,
        _now: DateTime<Utc>,
    ) -> Result<DateTime<Utc>, CallError> {
        std::future::ready(Err(CallError::unsupported("tracks.delete"))).await
    }

    /// Reads the file of a listed track of text that is ready: at most 1 MiB.
    ///
    /// # Errors
    /// The map cannot, or the call failed.
    pub async fn read_track(
        &self,
        _video: &Video,
        _track: &ListedTrack,
        _priority: Priority<'_>,
        _now: DateTime<Utc>,
    ) -> Result<Vec<u8>, CallError> {
        std::future::ready(Err(CallError::unsupported("tracks.file"))).await
    }
}
