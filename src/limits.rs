//! How often somebody may do something: a rate with room for a burst, in bounded memory.
//!
//! A leaf that knows neither requests nor rows; time is an argument.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};

/// Keys that are remembered at the same time; those with their whole quota are forgotten first.
const REMEMBERED: usize = 65_536;
/// The window of every quota.
const WINDOW_US: i64 = 60_000_000;

/// A quota a minute for each key. What is used comes back evenly, not all at once.
#[derive(Debug)]
pub struct Quotas<K> {
    per_min: u32,
    /// When each key has its whole quota again, in µs; those that have it are not needed.
    whole_at: Mutex<HashMap<K, i64>>,
}

/// What a key has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// The quota of a minute.
    pub per_min: u32,
    /// What is left now.
    pub left: u32,
    /// Until the whole quota is there again.
    pub whole_in: Duration,
    /// Nothing was left: come again after so long.
    pub refused: Option<Duration>,
}

impl<K: Eq + Hash> Quotas<K> {
    /// `per_min` for each key; 0 for no limit.
    pub fn new(per_min: u32) -> Self {
        Self {
            per_min,
            whole_at: Mutex::default(),
        }
    }

    /// Takes one. None where there is no limit.
    pub fn take(&self, key: K, now: DateTime<Utc>) -> Option<Quota> {
        if self.per_min == 0 {
            return None;
        }
        let (now, each) = (now.timestamp_micros(), WINDOW_US / i64::from(self.per_min));
        let mut all = self.whole_at.lock().unwrap_or_else(PoisonError::into_inner);
        let before = all.get(&key).copied().unwrap_or(now).max(now);
        let after = before + each;
        let over = after - now - each * i64::from(self.per_min);
        if over > 0 {
            return Some(self.quota(before - now, each, Some(over)));
        }
        if all.len() >= REMEMBERED && !all.contains_key(&key) {
            all.retain(|_, whole_at| *whole_at > now);
        }
        // Where all of them are in use, a new key goes uncounted: better than to refuse somebody for others.
        if all.len() < REMEMBERED || all.contains_key(&key) {
            all.insert(key, after);
        }
        Some(self.quota(after - now, each, None))
    }

    fn quota(&self, used_us: i64, each: i64, over_us: Option<i64>) -> Quota {
        let micros = |us: i64| Duration::from_micros(u64::try_from(us).unwrap_or_default());
        let used = u32::try_from((used_us + each - 1) / each).unwrap_or(u32::MAX);
        Quota {
            per_min: self.per_min,
            left: self.per_min.saturating_sub(used),
            whole_in: micros(used_us),
            refused: over_us.map(micros),
        }
    }
}

/// Whose address it is: of IPv6 the /64, which is what one customer gets.
pub fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// A network such as `10.0.0.0/8`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// Whether it is one of them.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix)).unwrap_or(0);
                ours.to_bits() & mask == theirs.to_bits() & mask
            }
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix)).unwrap_or(0);
                ours.to_bits() & mask == theirs.to_bits() & mask
            }
            _ => false,
        }
    }
}

/// The text names no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an address or network such as 10.0.0.0/8")]
pub struct NoNetwork;

impl std::str::FromStr for Network {
    type Err = NoNetwork;

    fn from_str(text: &str) -> Result<Self, NoNetwork> {
        let (address, prefix) = text
            .split_once('/')
            .map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.parse().map_err(|_| NoNetwork)?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => longest,
            Some(prefix) => prefix.parse().map_err(|_| NoNetwork)?,
        };
        if prefix > longest {
            return Err(NoNetwork);
        }
        Ok(Self { address, prefix })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_comes_back_evenly() {
        let quotas = Quotas::new(6);
        let begin = DateTime::from_timestamp(1_780_000_000, 0).unwrap();
        for left in (0..6).rev() {
            assert_eq!(quotas.take("a", begin).unwrap().left, left);
        }
        let refused = quotas.take("a", begin).unwrap();
        assert_eq!(refused.refused, Some(Duration::from_secs(10)));
        assert_eq!((refused.left, refused.whole_in), (0, Duration::from_mins(1)));
        assert_eq!(quotas.take("b", begin).unwrap().left, 5);
        let later = begin + chrono::Duration::seconds(10);
        assert_eq!(quotas.take("a", later).unwrap().refused, None);
        assert!(quotas.take("a", later).unwrap().refused.is_some());
        assert!(Quotas::new(0).take("a", begin).is_none());
    }

    #[test]
    fn memory_is_bounded() {
        let quotas = Quotas::new(60);
        let begin = DateTime::from_timestamp(1_780_000_000, 0).unwrap();
        for key in 0..REMEMBERED + 10 {
            quotas.take(key, begin);
        }
        assert_eq!(quotas.whole_at.lock().unwrap().len(), REMEMBERED);
        quotas.take(usize::MAX, begin + chrono::Duration::minutes(1));
        assert_eq!(quotas.whole_at.lock().unwrap().len(), 1);
    }

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
        let of = |text: &str| network_of(text.parse().unwrap()).to_string();
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(of("::ffff:10.1.2.3"), "10.1.2.3");
    }
}
