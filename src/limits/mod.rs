//! How often somebody may do something, and how much may be done at the same time.
//!
//! Leaves that know neither requests nor rows.

mod admission;
mod network;
mod quotas;

pub use self::admission::{Admission, Crowd, Place};
pub use self::network::{Network, NoNetwork, network_of};
pub use self::quotas::{Quota, Quotas};
