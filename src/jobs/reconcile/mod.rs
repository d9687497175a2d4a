//! Reconciling: providers are asked about videos that should have got further, since webhooks may be lost for good.
//!
//! 1. One replica holds the lease `reconcile` and makes a pass every `reconcile.interval_s`, or when it is woken.
//! 2. Halted providers are probed: "not found" is believed with care, see the module `proof`.
//! 3. Videos whose time has come get a deletion requested, see [`expiry`](super::expiry).
//! 4. Videos that are due ([`Video::check_at`](crate::domain::Video::check_at)) are taken under a lease each, eight at
//!    a time, until none is due.
//! 5. Each is looked at by its status: asked about, deleted further (`deletion`), told of changed members, or given up
//!    as lost.
//! 6. The findings are joined in one write, which also sets the next check. Then the video's lease ends.
//!
//! Why a crash does no harm: findings are joined as any observation is, leases run out, and calls to providers may be
//! repeated.

mod deletion;
mod findings;
mod look;
mod proof;
mod worker;

pub use self::worker::{Change, Pass, run, run_pass};
