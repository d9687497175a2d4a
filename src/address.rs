//! Telling public addresses from private ones, by RFC 6890 and its registries.
//!
//! Requests that others cause (events to their endpoints, files from their addresses) must not reach hosts inside the
//! network of the service. A name may resolve to any address, so the address is judged and not the name.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// The address of Azure's platform services: it looks public but leads inside.
const CLOUD_PLATFORM: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);

/// Metadata services that are not at a link-local address: Azure's, Alibaba's and Oracle's.
const METADATA_V4: [Ipv4Addr; 3] = [
    CLOUD_PLATFORM,
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(192, 0, 0, 192),
];
/// Metadata services of IPv6: AWS's and Google's.
const METADATA_V6: [Ipv6Addr; 2] = [
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
];

/// Returns whether an address is public: neither private, loopback, link-local (so no cloud's metadata service either),
/// shared, reserved nor multicast.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

/// Returns whether an address is one at which a cloud tells a machine its secrets: link-local, or one of the addresses that
/// Alibaba, AWS, Azure, Google and Oracle document. Nothing that a caller names is fetched from there, whatever is allowed.
pub fn is_metadata(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_link_local() || METADATA_V4.contains(&v4),
        IpAddr::V6(v6) => {
            let embedded = embedded_v4(v6).is_some_and(|v4| is_metadata(v4.into()));
            embedded || v6.is_unicast_link_local() || METADATA_V6.contains(&v6)
        }
    }
}

/// Returns whether the host of `url` is written as an address, and as one of [`is_metadata`].
pub fn is_metadata_literal(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(v4)) => is_metadata(v4.into()),
        Some(Host::Ipv6(v6)) => is_metadata(v6.into()),
        Some(Host::Domain(_)) | None => false,
    }
}

/// Returns whether the host of `url` is written as an address, and as one that is not public. True where there is no host.
///
/// Such a host never reaches a resolver. The parser of URLs has read every spelling of it (`2130706433`, `0x7f.1`).
pub fn is_private_literal(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(v4)) => !is_public(v4.into()),
        Some(Host::Ipv6(v6)) => !is_public(v6.into()),
        Some(Host::Domain(_)) => false,
        None => true,
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let inside = matches!(
        (a, b, c),
        (0 | 10 | 127 | 224.., _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 168, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (198, 18..=19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    );
    !inside && address != CLOUD_PLATFORM
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(v4) = embedded_v4(address) {
        return is_public_v4(v4);
    }
    match address.segments() {
        // Protocol assignments (Teredo among them) and documentation.
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

/// Returns the IPv4 address that an IPv6 address stands for: mapped, translated, or 6to4.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => Some(ipv4_from_segments(high, low)),
        _ => None,
    }
}

/// Joins two segments of an IPv6 address to the IPv4 address that they stand for.
fn ipv4_from_segments(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(high) << 16 | u32::from(low))
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::{is_metadata, is_private_literal, is_public};

    #[test]
    fn where_clouds_tell_secrets_is_told_from_a_private_network() {
        for secret in [
            "169.254.169.254",
            "169.254.170.2",
            "168.63.129.16",
            "100.100.100.200",
            "192.0.0.192",
            "::ffff:169.254.169.254",
            "64:ff9b::169.254.169.254",
            "2002:a9fe:a9fe::",
            "fe80::1",
            "fd00:ec2::254",
            "fd20:ce::254",
        ] {
            assert!(is_metadata(secret.parse().unwrap()), "{secret}");
            assert!(!is_public(secret.parse().unwrap()), "{secret}");
        }
        for private in [
            "127.0.0.1",
            "10.0.0.1",
            "192.168.1.1",
            "::1",
            "fd00::1",
            "8.8.8.8",
        ] {
            assert!(!is_metadata(private.parse().unwrap()), "{private}");
        }
    }

    #[test]
    fn what_is_somebodys_inside_is_told_from_the_internet() {
        for inside in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "168.63.129.16",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "2002:a00:1::",
            "2001::1",
            "2001:db8::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
        for public in [
            "1.1.1.1",
            "172.32.0.1",
            "100.128.0.1",
            "2606:4700::1111",
            "64:ff9b::101:101",
            "::ffff:8.8.8.8",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn every_spelling_of_an_inner_address_is_told() {
        for inside in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0177.0.0.1/",
            "http://0x7f.1/",
            "http://127.1/",
            "http://\u{ff11}27.0.0.1/",
            "http://127.0.0.1./",
            "http://169.254.169.254/latest/meta-data/",
            "http://2852039166/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:a9fe:a9fe]/",
            "http://[64:ff9b::169.254.169.254]/",
            "http://[2002:7f00:1::]/",
            "http://[fd00:ec2::254]/",
            "data:text/plain,hello",
        ] {
            assert!(is_private_literal(&Url::parse(inside).unwrap()), "{inside}");
        }
        for other in [
            "http://1.1.1.1/",
            "http://[2606:4700::1111]/",
            // A name is judged by what it resolves to.
            "http://localhost/",
        ] {
            assert!(!is_private_literal(&Url::parse(other).unwrap()), "{other}");
        }
    }
}
