//! Networks, and the network that stands for one client.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv6Net};

/// Length of the IPv6 prefix that a provider of connections gives to one customer.
const CUSTOMER_PREFIX: u8 = 64;

/// Returns the address by which a client is counted: the address itself for IPv4, the first one of its /64 for IPv6.
/// An IPv4 address written as IPv6 (`::ffff:10.1.2.3`) counts as IPv4.
pub fn client_network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        // Why: within its /64 a client chooses addresses freely, so a count by address would bound nothing.
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Net::new_assert(v6, CUSTOMER_PREFIX).network()),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// A network such as `10.0.0.0/8`, or one address: an element of the setting `http.trusted_proxies`. Bits of the
/// address behind the prefix do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network(IpNet);

impl Network {
    /// Returns whether the address lies in this network. An IPv4 address written as IPv6 counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

/// The text is neither an address nor a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an address or network such as 10.0.0.0/8")]
pub struct InvalidNetwork;

impl std::str::FromStr for Network {
    type Err = InvalidNetwork;

    /// Parses `address/prefix`, or an address alone, which is a network of one.
    fn from_str(text: &str) -> Result<Self, InvalidNetwork> {
        // Why: `IpNet` itself takes no address without a prefix.
        let Some((address, prefix)) = text.split_once('/') else {
            let address: IpAddr = text.parse().map_err(|_| InvalidNetwork)?;
            return Ok(Self(address.into()));
        };
        let address = address.parse().map_err(|_| InvalidNetwork)?;
        let prefix = prefix.parse().map_err(|_| InvalidNetwork)?;
        IpNet::new(address, prefix).map(Self).map_err(|_| InvalidNetwork)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_what_is_theirs() {
        let holds = |network: &str, address: &str| {
            network
                .parse::<Network>()
                .unwrap()
                .contains(address.parse().unwrap())
        };
        assert!(holds("10.0.0.0/8", "10.1.2.3"));
        assert!(holds("10.0.0.0/8", "::ffff:10.1.2.3"));
        assert!(!holds("10.0.0.0/8", "11.1.2.3"));
        assert!(holds("0.0.0.0/0", "8.8.8.8"));
        assert!(holds("127.0.0.1", "127.0.0.1"));
        assert!(!holds("127.0.0.1", "127.0.0.2"));
        assert!(holds("fd00::/8", "fd12::1"));
        assert!(!holds("fd00::/8", "fe80::1"));
        for bad in ["", "10.0.0.0/33", "example.com", "10.0.0.0/x", "::1/129"] {
            assert!(bad.parse::<Network>().is_err(), "{bad}");
        }
        let of = |text: &str| client_network(text.parse().unwrap()).to_string();
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(of("::ffff:10.1.2.3"), "10.1.2.3");
    }
}
