//! What is known of a video's tracks without a call: as they are shown, and which one an asked one is.

use crate::{
    domain::{AskedTrack, Video},
    provider::{
        loaded::Provider,
        tracks::{ListedTrack, ShownTrack, match_all, show},
    },
};

impl Provider {
    /// Returns the tracks of a video as they are shown: in the order of the provider's list, then those that were only asked
    /// for. Makes no call.
    pub fn shown_tracks(&self, video: &Video) -> Vec<ShownTrack> {
        let is_like = |listed: &ListedTrack, asked: &AskedTrack| self.is_like(listed, asked);
        show(
            video.reference(),
            &self.listed_tracks(video),
            video.asked_tracks(),
            is_like,
        )
    }

    /// Returns the listed track that an asked track of the video is. Makes no call.
    pub fn match_track(&self, video: &Video, asked: &AskedTrack) -> Option<ListedTrack> {
        let listed = self.listed_tracks(video);
        let is_like = |listed: &ListedTrack, asked: &AskedTrack| self.is_like(listed, asked);
        let matches = match_all(&listed, video.asked_tracks(), is_like);
        let at = video
            .asked_tracks()
            .iter()
            .position(|known| known.is_same(asked))?;
        listed.into_iter().nth((*matches.get(at)?)?)
    }
}
