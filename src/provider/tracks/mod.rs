//! Tracks: the captions, subtitles and sound of a video (`[tracks]`).

mod shown;
mod track;

pub use shown::{ShownTrack, ShownTrackStatus, computed_id as computed_track_id};
pub use track::{AcceptedTrack, ListedTrack, TrackAddress, TrackContent, TrackSend, TrackStatus};
