//! Changes: each function is one transaction that writes rows and queues the webhooks that report them.
//!
//! A commit is the only effect: after it the webhook worker and, where there is new work, the job runner are woken. A
//! crash in between costs one poll interval, and no event.

pub(crate) mod assets;
mod events;
pub(crate) mod inputs;
pub(crate) mod outcome;
pub(crate) mod static_renditions;
pub(crate) mod tracks;
pub(crate) mod uploads;
