//! Sending events to the application's endpoints, by Standard Webhooks 1.0.
//!
//! The event was written to the outbox in the transaction of the change itself. For each endpoint by itself, so that a dead
//! one holds up no other:
//! 1. **Lease.** Up to eight due events are taken for 60 s each: of each video the first that has not ended, so that a
//!    video's events arrive in the order of its changes.
//! 2. **Send.** One request an event, signed with the time of this attempt (`send`, `sign`); only to public addresses
//!    unless `events.allow_private` is set ([`address`](crate::address)).
//! 3. **Finish.** 2xx: delivered. 410: given up, and the endpoint is disabled. Anything else: tried again, later and
//!    later, and given up after three days (`retry`).
//!
//! A crash between 2 and 3 sends the event again when its lease has ended, with the same `webhook-id`: delivery is at least
//! once.

mod retry;
mod send;
mod sign;
mod worker;

pub use self::retry::TRIED_FOR;
pub use self::worker::{run, send_due_events};
