//! Limits: how often a caller may do something, and how much is done at the same time.
//!
//! - [`Quotas`]: a rate with room for a burst, for each key (uploads of an owner, failures of an address).
//! - [`FairSemaphore`]: permits for requests that are worked on, shared fairly between callers. The module `fair` has the
//!   steps.
//! - [`FairMemory`]: memory for bodies, shared fairly between callers.
//! - [`with_permit`] and [`with_deadline`]: the permit and the deadline of the current request, for code far below the
//!   layer that set them. Code that waits for another service lends the permit meanwhile ([`lend_permit_while`]).
//!
//! These modules are leaves: they know neither requests nor rows nor settings.

mod caller_key;
mod deadline;
mod fair;
mod fair_memory;
mod network;
mod quotas;
mod request_permit;

pub use self::caller_key::CallerKey;
pub use self::deadline::{allowed_wait, carry_deadline, with_deadline};
pub use self::fair::{FairSemaphore, LentPermit, Limits, Load, Permit, Refused};
pub use self::fair_memory::{FairMemory, MemoryShare};
pub use self::network::{InvalidNetwork, Network, client_network};
pub use self::quotas::{Quota, Quotas};
pub use self::request_permit::{carry_permit, lend_permit_while, with_permit};
