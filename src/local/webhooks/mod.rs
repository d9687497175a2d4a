//! Webhooks: queued events are posted until the receiver answers 2xx, for 24 hours at most.
//!
//! 1. A change queues an event in `outbox`, in its own transaction.
//! 2. The worker takes due events, eight at a time. `[local.chaos]` may drop, delay, reorder or repeat an event
//!    before its first attempt.
//! 3. An attempt is signed anew and posted. 2xx deletes the row: the end.
//! 4. Other statuses and lost connections set the next attempt, with doubling delays up to an hour. After 24 hours
//!    the event is given up.
//!
//! A crash between step 3 and the deletion sends the event again; receivers tell repeats by its `id`.

mod envelope;
mod send;
mod worker;

pub(crate) use send::build_client;
pub(crate) use worker::run;
