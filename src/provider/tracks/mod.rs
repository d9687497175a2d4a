//! Tracks: the captions, subtitles and sound of a video (`[tracks]`).
//!
//! The row keeps what the provider tells; the table reads it when the video is shown:
//!
//! 1. `list` finds the list in an event or an answer, and keeps its elements ([`TrackTable::read_event`] and the like).
//! 2. `table` reads an element: the provider's words become ours ([`ListedTrack`]).
//! 3. `likeness` says whether a listed track is one that a caller asked for, as far as the map's calls tell them apart.
//! 4. `shown` merges the list with what callers asked for: the tracks as they are shown.
//!
//! `compile` makes the table. The calls that list, add, generate, delete and read tracks are made in
//! [`calls`](crate::provider::calls); their addresses in [`playback`](crate::provider::playback).

mod compile;
mod likeness;
mod list;
mod shown;
mod table;
mod track;

pub use shown::{ShownTrack, ShownTrackStatus, computed_id as computed_track_id};
pub(crate) use shown::{match_all, show};
pub(crate) use table::TrackTable;
pub use track::{AcceptedTrack, ListedTrack, TrackAddress, TrackContent, TrackSend, TrackStatus};
