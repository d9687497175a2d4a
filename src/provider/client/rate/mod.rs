//! The rate limiter of one provider account, which the whole fleet shares.
//!
//! A *permit* is the right to make one call from a given time on. A *bucket* is one `rate` entry of the map: the
//! permits of some HTTP methods. The [ledger](crate::provider::rate_ledger) records, for every replica, when the next
//! permit of a bucket is due. A process never takes a permit from the ledger before a call of its own is at the head of
//! its queue, so replicas share evenly.
//!
//! A call's deadline is `[api].wait_s` from now, for a request at most two thirds of the time that it has left.
//!
//! A call passes these steps ([`RateLimiter::acquire`], then `Bucket::acquire`):
//!
//! 1. **Bucket.** The first bucket that lists the call's method. Every limiter ends with a bucket for all methods that
//!    has no rate: there only a pause (step 7) holds a call back, and the ledger is read for one at most once a second.
//! 2. **Pause.** A pause that outlasts the call's deadline ends it as [`CallError::Busy`].
//! 3. **Batch.** At more than 50 calls a second, requests take several permits from the ledger at once. A request that
//!    finds enough permits left in this process's batch takes them and skips steps 4 and 5. A batch lasts at most a
//!    tenth of a second, or until it is used up; what is left then is forfeited.
//! 4. **Queue.** The call joins the bucket's [`FairQueue`](fair_queue): one for requests, round-robin by caller, and
//!    one for background calls. A full queue, or a deadline that passes in it, ends the call as [`CallError::Busy`]; no
//!    permit is spent.
//! 5. **Ledger.** The head of the queue takes its permits from the ledger. Taken: each permit has the time at which it
//!    begins. Not taken, since the last one would begin after the deadline: a request ends as [`CallError::Busy`] with
//!    the ledger's estimate. Not taken, since background calls have had their half while requests wait: the call sleeps
//!    for the estimate and tries again, as long as its deadline allows. An error, or no answer in 5 s:
//!    [`CallError::NoLedger`].
//! 6. **Begin.** The head sleeps until its first permit begins and only then leaves the queue. Further permits are used
//!    by later calls (the steps of an upload), each at its own time.
//! 7. **Pause after a 429.** [`RateLimiter::pause`] stops the bucket in this process at once, then writes the pause to
//!    the ledger for the others. Calls that hold permits already wait for its end, or end as [`CallError::Busy`].
//!
//! Dropping a waiting call at any step is safe: its queue ticket is dropped with it and lets the next call through.
//! Permits that it had taken are lost, not given back.
//!
//! Waiting calls hold no permit of the HTTP server: see [`lend_permit_while`](crate::limits::lend_permit_while).
//!
//! [`CallError::Busy`]: crate::provider::CallError::Busy
//! [`CallError::NoLedger`]: crate::provider::CallError::NoLedger

mod bucket;
mod bucket_state;
mod fair_queue;
mod limiter;
mod permits;
mod time;

pub(super) use limiter::RateLimiter;
pub(super) use permits::Permits;
