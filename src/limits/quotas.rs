//! Rate limits by key, in bounded memory; time is an argument.
//!
//! Each key has one number: the time at which its whole quota is there again (the virtual scheduling form of a token
//! bucket, GCRA). One use moves it by a minute divided by the quota. A key whose time is past has its whole quota.

use std::convert::Infallible;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use quick_cache::sync::Cache;

/// Keys that are remembered at the same time; those that are used seldom are forgotten first, and begin anew.
const REMEMBERED: usize = 65_536;
/// The window of every quota, in µs.
const WINDOW_US: i64 = 60_000_000;

/// A quota a minute for each key. Used parts come back evenly, not all at once.
#[derive(Debug)]
pub struct Quotas<K> {
    per_min: u32,
    /// The time at which each key has its whole quota again, in µs since 1970.
    whole_at: Arc<Cache<K, Arc<AtomicI64>>>,
}

/// The state of one key's quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// The quota of a minute.
    pub per_min: u32,
    /// Uses that are left now.
    pub remaining: u32,
    /// Time until the whole quota is there again.
    pub resets_in: Duration,
    /// `Some` where nothing was left: the time until one use is there again.
    pub retry_after: Option<Duration>,
}

impl<K: Eq + Hash + Clone> Quotas<K> {
    /// Creates unused quotas of `per_min` for each key; 0 means no limit.
    pub fn new(per_min: u32) -> Self {
        Self {
            per_min,
            whole_at: Arc::new(Cache::new(REMEMBERED)),
        }
    }

    /// Returns quotas of another size over the same map: a key that has used half of the old one has half of the new one
    /// left. Both count together from now on.
    #[must_use]
    pub fn resized(&self, per_min: u32) -> Self {
        Self {
            per_min,
            whole_at: self.whole_at.clone(),
        }
    }

    /// Takes one use of `key`, or none where [`Quota::retry_after`] is set. Returns `None` where there is no limit.
    pub fn try_take(&self, key: &K, now: DateTime<Utc>) -> Option<Quota> {
        let (now, each) = (now.timestamp_micros(), self.refill_us()?);
        let fresh = || Ok::<_, Infallible>(Arc::default());
        let Ok(whole_at) = self.whole_at.get_or_insert_with(key, fresh);
        let after = |before: i64| before.max(now) + each;
        let fits = |before: i64| after(before) - now <= each * i64::from(self.per_min);
        // Why relaxed: each key is one number, and nothing else is published with it.
        let taken = whole_at.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |before| {
            fits(before).then(|| after(before))
        });
        Some(match taken {
            Ok(before) => self.describe(after(before) - now, each, false),
            Err(before) => self.describe(before - now, each, true),
        })
    }

    /// Returns what is left, and whether one more use would be refused; takes none. `None` where there is no limit.
    pub fn peek(&self, key: &K, now: DateTime<Utc>) -> Option<Quota> {
        let (now, each) = (now.timestamp_micros(), self.refill_us()?);
        // Why a peek: a look at a key must not count as its use, nor make an entry.
        let whole_at = self.whole_at.peek(key);
        let used = whole_at.map_or(0, |at| at.load(Ordering::Relaxed).max(now) - now);
        Some(self.describe(used, each, used + each > each * i64::from(self.per_min)))
    }

    /// Returns the time that one use takes to come back, in µs; `None` where there is no limit.
    fn refill_us(&self) -> Option<i64> {
        WINDOW_US.checked_div(i64::from(self.per_min))
    }

    /// Describes a key whose whole quota is there again in `used_us`, at `each` µs for a use.
    fn describe(&self, used_us: i64, each: i64, refused: bool) -> Quota {
        let micros = |us: i64| Duration::from_micros(u64::try_from(us).unwrap_or_default());
        let used = u32::try_from((used_us + each - 1) / each).unwrap_or(u32::MAX);
        let over = used_us + each - each * i64::from(self.per_min);
        Quota {
            per_min: self.per_min,
            remaining: self.per_min.saturating_sub(used),
            resets_in: micros(used_us),
            retry_after: refused.then(|| micros(over)),
        }
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
            assert_eq!(quotas.peek(&"a", begin).unwrap().retry_after, None);
            assert_eq!(quotas.try_take(&"a", begin).unwrap().remaining, left);
        }
        let refused = quotas.try_take(&"a", begin).unwrap();
        assert_eq!(refused.retry_after, Some(Duration::from_secs(10)));
        assert_eq!(
            (refused.remaining, refused.resets_in),
            (0, Duration::from_mins(1))
        );
        assert_eq!(quotas.peek(&"a", begin), Some(refused));
        assert_eq!(quotas.try_take(&"b", begin).unwrap().remaining, 5);
        let later = begin + chrono::Duration::seconds(10);
        assert_eq!(quotas.try_take(&"a", later).unwrap().retry_after, None);
        assert!(quotas.try_take(&"a", later).unwrap().retry_after.is_some());
        assert!(Quotas::new(0).try_take(&"a", begin).is_none());
    }

    #[test]
    fn another_quota_leaves_the_same_share() {
        let quotas = Quotas::new(10);
        let begin = DateTime::from_timestamp(1_780_000_000, 0).unwrap();
        for _ in 0..5 {
            quotas.try_take(&"a", begin);
        }
        assert_eq!(quotas.resized(100).peek(&"a", begin).unwrap().remaining, 50);
        assert_eq!(quotas.resized(2).try_take(&"a", begin).unwrap().remaining, 0);
        assert_eq!(quotas.peek(&"a", begin).unwrap().remaining, 0);
        assert!(quotas.resized(0).try_take(&"a", begin).is_none());
    }

    #[test]
    fn memory_is_bounded() {
        let quotas = Quotas::new(60);
        let begin = DateTime::from_timestamp(1_780_000_000, 0).unwrap();
        for key in 0..3 * REMEMBERED {
            quotas.try_take(&key, begin);
        }
        assert!(quotas.whole_at.len() <= REMEMBERED);
    }
}
