//! Moving videos to another provider, under the same ids: the wishes in the table `moves`, worked off by any replica.
//!
//! The route and the command only write wishes ([`Move`](crate::domain::Move)). Of each wish:
//!
//! 1. **Check** (`judge`), by the row and both maps, without a call: the video is ready and where the wish found it; the new
//!    provider fetches files, can play such a video, and takes one as long and as large; nothing that cannot be carried
//!    would be left behind. Else the wish is `skipped`, with the reason.
//! 2. **Choose the file** (`file`): the source, else the largest. Where the old provider has none and can make one, it is
//!    asked for it, and the wish is `making` until it is there.
//! 3. **Note the hidden row**: its id is written into the wish, which is `fetching`, before the row is. *Commit point*: only
//!    the worker whose write finds the wish as it read it goes on.
//! 4. **Begin** (`fetch`): the hidden row and the calls of the new provider's map
//!    ([`jobs::begin`](crate::jobs::begin)). Refused for good: `failed`. An outage: again from step 1, a few times.
//! 5. **Look** at the hidden row until [`jobs::replace`](crate::jobs::replace) has made the exchange. A file that failed is
//!    `failed`, or tried again from step 1 where that can help. A row whose first call may or may not have arrived is given
//!    up: its asset is deleted as soon as the provider tells of it, and the next file has a reference of its own.
//! 6. **Carry** (`carry`, `tracks`): the tracks of text are handed over, and the new provider is asked for the renditions that
//!    were there: `asking`. What cannot be carried is noted.
//! 7. **Done.** The old file is kept for `replace.keep_old_s`.
//!
//! An undo exchanges the assets back while the old file is there (`undo`); after that it is a move with these steps.
//!
//! Every step may be repeated, and a crash between two leaves the wish due: its lease runs out, and the next worker begins
//! with what the rows say. A wish never counts for its owner's limits, and its calls keep to the background's share of both
//! providers' rates.

mod advance;
mod carry;
mod fetch;
mod file;
mod judge;
mod next;
mod tracks;
mod undo;
mod worker;

pub use file::check_address;
pub use judge::{Verdict, judge};
pub use worker::{run, run_due_moves};
