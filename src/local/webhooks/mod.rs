//! Webhooks: queued events are posted to each receiver until it answers 2xx, for 24 hours at most.
//!
//! 1. A change queues an event in `outbox`, in its own transaction, with one row of `deliveries` for each receiver.
//! 2. Each receiver has a worker, which takes its due deliveries, eight at a time: a receiver that is down holds up no
//!    other. `[local.chaos]` may drop, delay, reorder or repeat a delivery before its first attempt.
//! 3. An attempt is signed anew and posted. 2xx deletes the delivery, and with the last one the event: the end.
//! 4. Other statuses and lost connections set the next attempt, with doubling delays up to an hour. After 24 hours
//!    the delivery is given up.
//!
//! A crash between step 3 and the deletion sends the event again; receivers tell repeats by its `id`.

mod envelope;
pub(crate) mod receiver;
mod send;
mod worker;

pub(crate) use send::build_client;
pub(crate) use worker::run;
