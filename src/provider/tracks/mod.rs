//! Tracks: the captions, subtitles and sound of a video (`[tracks]`).

mod shown;
mod track;

pub use shown::{ShownTrack, ShownTrackStatus};
pub use track::{AcceptedTrack, ListedTrack, TrackAddress, TrackContent, TrackSend, TrackStatus};
