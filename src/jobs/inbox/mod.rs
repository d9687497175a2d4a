//! Applying webhook events: each one is joined into its video, exactly once in effect.
//!
//! 1. **Take.** Up to 256 events that are due (8 on SQLite, where webhooks wait for the one writer), and every video that
//!    they may be about, are read in one transaction.
//! 2. **Plan.** In memory, each event is joined into its video ([`planner`], pure). Outcomes of an event:
//!    - *applied*;
//!    - *pending*, where the provider has to be asked ([`Refresh`]): the event is due again in 60 s, which serves as a
//!      lease;
//!    - *parked*, where its video is not known yet;
//!    - *ignored*, where several maps share the account and that of its video has no use for it;
//!    - *failed*, where its video's map is not loaded, it cannot be read, or it contradicts its video's ids.
//! 3. **Write.** Videos and outcomes are written; the commit is the commit point. Before it nothing has happened and the
//!    events are still due. A writer that came in between makes the batch begin again.
//! 4. **One by one.** Where the database refuses the batch for what is in it, its events are applied each in a
//!    transaction of its own, so that a bad one holds up no other. A refused one is tried again later and later, and
//!    given up in the end.
//! 5. **Refresh.** The provider is asked about the events that wait for its answer, each in a task of its own, at
//!    most 32 at the same time. An event that finds no room becomes due again.
//! 6. **Sweep.** Every 30 s parked events whose video is known by now become due, and those that waited too long are
//!    given up.
//!
//! Behind a whole batch the job pauses for twice as long as the batch took: webhooks need the database too.
//!
//! Most events never get here: the store applies an event with the transaction that stores it, by the same planner.
//!
//! Why a repetition is safe: joining is idempotent, and the outcome is written with the join or after it.

mod outcome_metrics;
mod plan;
mod question;
mod refresh;
mod refresh_limit;
mod retry;
mod worker;

pub(crate) use self::outcome_metrics::count_applied;
pub use self::plan::planner;
pub use self::refresh::Refresh;
pub use self::worker::{apply_due_events, run, sweep_parked};
