//! Replacing a video: the hidden row's asset takes its place when it is ready.
//!
//! A request or a move writes the hidden row ([`Store::insert_replacement`](crate::store::Store::insert_replacement)) and
//! begins its upload or ingest as any other. From then on this job goes on, on every replica:
//!
//! 1. **Show.** Twice a second the state of hidden rows is copied to the `replacement` of their videos, where it differs.
//! 2. **Take.** Hidden rows that are `ready` are taken along an index, under a lease each.
//! 3. **Ask.** The provider is asked about the new asset once more, and the answer is joined: a policy or a duration that is
//!    told late must count before anybody plays it. Outcomes: joined; the provider failed, or does not find the asset: nothing
//!    is exchanged, and the row is taken again when its lease ends.
//! 4. **Exchange.** One transaction decides and writes ([`Store::exchange`](crate::store::Store::exchange) tells its steps).
//!    Outcomes: done; not ready after all (the answer changed that); the video is to be deleted, and then the hidden row is,
//!    too.
//! 5. **Keep.** The hidden row has the old asset now, and a time of deletion: `replace.keep_old_s` from the exchange. The
//!    reconciler deletes it then, as any video whose time has come. Until then [`undo`] is an exchange back.
//! 6. **Sweep.** Every minute one replica looks for videos that are to be deleted and whose hidden rows are not: a crash
//!    between the two leaves them so.
//!
//! The commit of step 4 is the commit point; a crash anywhere leaves the row due. A repetition is safe: steps 1 and 3 join
//! what is known already, and step 4 finds the exchange made.
//!
//! Why never with the webhook that makes the row ready: the exchange would make the provider wait for a question to itself.

mod exchange;
mod show;
mod sweep;
mod worker;

pub use self::exchange::{exchange_ready, undo};
pub use self::show::show_states;
pub use self::sweep::delete_orphans;
pub use self::worker::run;
