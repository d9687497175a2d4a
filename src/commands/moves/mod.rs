//! `yourbit-video move`: moves videos to another provider, under the same ids.
//!
//! The command writes wishes into the database and follows them; a running service does the work
//! ([`jobs::moves`](crate::jobs::moves)). It keeps at most [`WINDOW`](follow) wishes open at a time, so that a fleet of any
//! size needs few rows. Ended early, it leaves its open wishes to the service; called again, it goes on with what is left.

mod args;
mod command;
mod dry_run;
mod finish;
mod follow;
mod tally;

pub(super) use self::args::MoveArgs;
pub(super) use self::command::move_videos;
