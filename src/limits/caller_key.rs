//! Whom a request is charged to.

use std::hash::{BuildHasher, Hash, RandomState};
use std::net::IpAddr;
use std::sync::LazyLock;

use super::network_of;

/// Whom a request is charged to: an owner, or the network that it comes from. A keyed hash of either: nothing to allocate,
/// and nobody can choose two names that share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CallerKey(u64);

/// Made anew with each process.
static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::new);

impl CallerKey {
    /// A request with a valid token: its owner.
    pub fn owner(owner: &str) -> Self {
        Self::of(&(0_u8, owner))
    }

    /// A request without one: the address that it comes from, of IPv6 the /64.
    pub fn address(address: IpAddr) -> Self {
        Self::of(&(1_u8, network_of(address)))
    }

    /// A request of which nothing is known.
    pub fn unknown() -> Self {
        Self::of(&2_u8)
    }

    fn of(name: &impl Hash) -> Self {
        Self(HASHER.hash_one(name))
    }
}
