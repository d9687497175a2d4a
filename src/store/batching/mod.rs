//! Batches: callers that wait at the same time share one statement.
//!
//! 1. A caller [submits](BatchQueue::submit) a request and waits for its response.
//! 2. A [`Worker`] takes everything that waits, up to the batch's size, and has its [`BatchHandler`] run it.
//! 3. Each caller gets its own response. One that gets none ([`NotBatched`]) decides itself: single videos are read or
//!    written alone, which gets the precise error; the intake refuses the event.

mod queue;
mod worker;

pub(super) use queue::{BatchQueue, Concurrency, NotBatched};
pub(super) use worker::{BatchHandler, Worker, Workers};
