//! Changes: each function is one transaction that writes rows and queues the webhooks that report them.

pub(crate) mod assets;
mod events;
pub(crate) mod outcome;
pub(crate) mod uploads;
