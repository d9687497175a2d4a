//! Plain types without I/O: the video, its status, and the join of what is reported of it.

mod event;
mod facts;
#[cfg(test)]
mod join_tests;
mod knowledge;
mod outgoing;
mod schedule;
mod status;
mod video;

pub use event::{EventState, Excerpt, InboxEvent, NewEvent};
pub use facts::{Fact, Facts, Field, Stamp};
pub use knowledge::{FirstReady, IdentityConflict, Knowledge, NeededIds, Observation};
pub use outgoing::{Announcement, OutgoingEvent, OutgoingState, shown as shown_endpoint};
pub use schedule::{CheckTimes, EXPIRED_AFTER, LOST_AFTER};
pub use status::{Policy, ShownStatus, Status, UnknownStatus};
pub use video::Video;
