//! Tracks: the captions, subtitles and sound of a video (`[tracks]`).

mod track;

pub use track::{AcceptedTrack, ListedTrack, TrackAddress, TrackContent, TrackSend, TrackStatus};
