//! How often somebody may do something, and how much may be done at the same time.
//!
//! Leaves that know neither requests nor rows.

mod caller_key;
mod deadline;
mod fair;
mod fair_room;
mod network;
mod quotas;
mod request_permit;

pub use self::caller_key::CallerKey;
pub use self::deadline::{carry_deadline, time_to_wait, with_deadline};
pub use self::fair::{FairSemaphore, Lent, Limits, Load, Permit, Refused};
pub use self::fair_room::{FairRoom, RoomShare};
pub use self::network::{Network, NoNetwork, network_of};
pub use self::quotas::{Quota, Quotas};
pub use self::request_permit::{carry_permit, lend_permit_while, with_permit};
