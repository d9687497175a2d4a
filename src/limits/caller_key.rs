//! The key by which limits tell callers apart.

use std::hash::{BuildHasher, Hash, RandomState};
use std::net::IpAddr;
use std::sync::LazyLock;

use super::network::client_network;

/// The caller that a request is charged to: an owner, or the network that the request comes from.
///
/// Why a hash: it needs no allocation. It is keyed with a secret of the process, so that no caller can choose a name that
/// shares a key with another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CallerKey(u64);

/// Made anew with each process.
static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::new);

impl CallerKey {
    /// Returns the key of an owner, for a request with a valid token.
    pub fn for_owner(owner: &str) -> Self {
        Self::hash_of(&(0_u8, owner))
    }

    /// Returns the key of a network, for a request without a valid token: the IPv4 address, or the /64 of an IPv6 address.
    pub fn for_address(address: IpAddr) -> Self {
        Self::hash_of(&(1_u8, client_network(address)))
    }

    /// Returns the key that all requests share of which neither owner nor address is known.
    pub fn unknown() -> Self {
        Self::hash_of(&2_u8)
    }

    /// The first member of `name` keeps the three kinds apart.
    fn hash_of(name: &impl Hash) -> Self {
        Self(HASHER.hash_one(name))
    }
}
