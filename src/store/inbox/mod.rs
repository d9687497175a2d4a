//! The inbox: webhook events, stored durably and applied to their videos.
//!
//! # How an event reaches its row
//!
//! [`Intake::submit`] returns when the event is durable. Events that wait at the same time are one batch per provider;
//! of events with the same identity the first one counts, and the others share its outcome.
//!
//! 1. **Read.** One statement reads the videos that the batch names, and, where there is a video, which of its events
//!    the inbox has already. No row is locked.
//! 2. **Plan.** The [`Planner`](super::Planner) joins the new events into copies of the videos, in memory, and decides
//!    which events are applied. An event stays pending where its video is unknown or it cannot be applied as it stands.
//! 3. **Write.** One transaction writes each video whose `revision` is still the one that was read, with what follows
//!    (ids become known, parked events are due, outgoing events are written); then the events, each as applied if its
//!    video was written or needed no write, else as it came. Its commit is the commit point of all of them.
//! 4. **Notify.** Observers hear of final statuses and applied events, the feed of visible changes. Then the callers
//!    are answered: 2xx for what is durable.
//! 5. **Conflict.** A row is held by another transaction for too long, or is refused: nothing of step 3 is written. The
//!    events are stored as pending, in one statement.
//! 6. **Bad row.** That statement is refused too: each event is stored by itself, so that one bad row holds up no
//!    other. An event that fails here is the provider's to send again.
//! 7. **The job.** [`Store::apply_due`](super::Store::apply_due) takes pending events with their videos locked, plans
//!    them in the same way, and writes both in one transaction: applied, parked until a video names them, put off for a
//!    later attempt, or failed.
//!
//! | outcome | the caller hears | the event is |
//! |---|---|---|
//! | written by step 3 | `New` | applied, or pending for the job |
//! | known before | `Duplicate` | unchanged; due again where it had failed, was parked or given up (an applied one whose id is a hash is stored anew: `New`) |
//! | written by step 5 or 6 | `New` | pending for the job |
//! | the database failed | `NotStored` | unknown: the provider is answered 503 and sends it again |
//!
//! Nothing has to be cleaned up: a crash before a commit leaves no trace, and one behind it leaves pending events to
//! the job. Any step may be repeated: the identity of an event is unique, and a join of what is known already changes
//! nothing. A lost connection is therefore answered by a second attempt.
//!
//! Locks: step 3 takes videos by id, then events by identity. The job takes events, passing over held ones, then videos
//! by provider and id. Where the two hold what the other waits for, the lock timeout of step 3 ends the wait, and step
//! 5 follows.

mod apply;
mod events;
mod ingest;
mod intake;

pub use intake::{Intake, NotStored, Stored};
