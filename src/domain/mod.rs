//! Plain types without I/O: the video, its status, and the join of what is reported of it.

mod event;
mod facts;
#[cfg(test)]
mod join_tests;
mod knowledge;
mod outgoing;
mod rate;
mod read;
mod schedule;
mod stamp;
#[cfg(test)]
mod stamp_tests;
mod status;
mod video;

pub use event::{EventState, Excerpt, InboxEvent, NewEvent};
pub use facts::{Fact, Facts, Field};
pub use knowledge::{FirstReady, IdentityConflict, Knowledge, NeededIds, Observation};
pub use outgoing::{Announcement, OutgoingEvent, OutgoingState, shown as shown_endpoint};
pub use rate::{LONGEST_PAUSE_US, Ledger, Pace, TurnAnswer, TurnRequest};
pub use read::{aspect_ratio_of, parse_aspect_ratio, parse_time};
pub use schedule::{CheckTimes, EXPIRED_AFTER, LOST_AFTER, MISSING_FOR};
pub use stamp::{AnswerTime, Stamp, event_time};
pub use status::{Policy, ShownStatus, Status, UnknownStatus};
pub use video::Video;
