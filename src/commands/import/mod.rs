//! `yourbit-video import`: makes rows for videos that were made elsewhere.
//!
//! The items are the provider's own assets (`listing`) or the rows of a CSV file (`table`). Each becomes a row by
//! [`jobs::adopt`](crate::jobs::adopt), which finds items that are known already: an import that broke off is continued
//! by running it again. A faulty item is reported and passed over; an outage of the provider is waited for (`retry`).

mod command;
mod fields;
mod listing;
mod owners;
mod retry;
mod table;
mod tally;

pub(super) use self::command::{ImportArgs, import_videos};
