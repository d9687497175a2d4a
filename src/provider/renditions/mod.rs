//! Renditions: the files of a video besides its stream (`[[renditions]]`).
//!
//! The row keeps what the provider tells, a list for each table; the table reads it when the video is shown:
//!
//! 1. `list` finds the list in an event or an answer, and keeps its elements ([`RenditionTables::read_event`] and the like).
//! 2. `table` reads an element: the names and words of the provider become ours ([`RenditionFile`]).
//! 3. `shown` adds what callers asked for and the provider does not show yet; `playable` chooses those that a caller may have
//!    addresses of.
//!
//! `compile` makes the tables; [`lists`](crate::provider::lists) finds a list. The calls that list, make and delete files are made in
//! [`calls`](crate::provider::calls); their addresses in [`playback`](crate::provider::playback).

mod compile;
mod file;
mod list;
mod playable;
mod shown;
mod table;

pub(crate) use file::RenditionFile;
pub use file::{Rendition, RenditionAddress, RenditionKind, RenditionStatus};
pub(crate) use playable::PlayableFile;
pub use playable::{Audience, PlayableFiles};
pub(crate) use shown::is_answered;
pub(crate) use table::RenditionTables;
