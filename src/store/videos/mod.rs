//! Videos: inserted, read, listed, counted, edited, adopted, replaced, due for a look at their provider.
//!
//! Rows whose [`Video::replaces`](crate::domain::Video::replaces) is set are hidden: no list, count or sum of what an owner
//! keeps has them. `replace` begins and ends replacements, `exchange` makes the exchange; both tell their steps.
//!
//! # How an edit reaches its row
//!
//! [`Store::edit_video`](super::Store::edit_video) runs this protocol; the row's `revision` is what it compares.
//!
//! 1. The row is read, or the caller hands in what it has just read. No row: `Edit::Missing`, nothing is written.
//! 2. The caller's function changes a copy. It refuses: `Edit::Refused`. It changes nothing: `Edit::Done` at once.
//! 3. The counters are set: `revision` by one, `version` and `updated_at` where callers see a difference.
//! 4. The change joins a batch, on PostgreSQL: one statement writes every row that still has its revision before and
//!    that no transaction holds, with what follows from each (ids become known, parked events are due, outgoing events
//!    are written). The commit of that statement is the commit point.
//! 5. A change that the batch did not write is written alone, in a transaction that waits for the row. On SQLite this
//!    is the only way.
//! 6. The row had another revision: back to step 1, at most 40 times, then
//!    [`StoreError::Contended`](super::StoreError).
//! 7. After the commit observers hear of a final status, and the feed of a visible change.
//!
//! A crash before the commit leaves the row as it was; one behind it loses the feed's notice alone, which listeners
//! make up for by comparing versions. A retry is safe: step 6 reads what was written.

mod adopt;
mod counted;
mod due;
mod edit;
mod exchange;
mod insert;
mod list;
mod read;
mod replace;
mod titles;

pub(super) use counted::push_usage_sums;
pub use counted::{CountedLimits, Inserted, OpenLimit, OverQuota, Quota, TokenCount, Usage};
pub use edit::Edit;
pub use exchange::Exchanged;
pub use list::{ListOrder, VideoFilter, VideoPage};
pub use replace::{GivenUp, KeptFiles, ReplacementInserted};
