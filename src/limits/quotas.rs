//! A rate with room for a burst, in bounded memory; time is an argument.

use std::convert::Infallible;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use quick_cache::sync::Cache;

/// Keys that are remembered at the same time; those that ask seldom are forgotten first.
const REMEMBERED: usize = 65_536;
/// The window of every quota, in µs.
const WINDOW_US: i64 = 60_000_000;

/// A quota a minute for each key. What is used comes back evenly, not all at once.
#[derive(Debug)]
pub struct Quotas<K> {
    per_min: u32,
    /// When each key has its whole quota again, in µs.
    whole_at: Arc<Cache<K, Arc<AtomicI64>>>,
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

impl<K: Eq + Hash + Clone> Quotas<K> {
    /// `per_min` for each key; 0 for no limit.
    pub fn new(per_min: u32) -> Self {
        Self {
            per_min,
            whole_at: Arc::new(Cache::new(REMEMBERED)),
        }
    }

    /// The same keys with another quota: whoever has used half of the old one has half of the new one left.
    #[must_use]
    pub fn renewed(&self, per_min: u32) -> Self {
        Self {
            per_min,
            whole_at: self.whole_at.clone(),
        }
    }

    /// Takes one. None where there is no limit.
    pub fn take(&self, key: &K, now: DateTime<Utc>) -> Option<Quota> {
        let (now, each) = (now.timestamp_micros(), self.each()?);
        let fresh = || Ok::<_, Infallible>(Arc::default());
        let Ok(whole_at) = self.whole_at.get_or_insert_with(key, fresh);
        let after = |before: i64| before.max(now) + each;
        let fits = |before: i64| after(before) - now <= each * i64::from(self.per_min);
        let taken = whole_at.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |before| {
            fits(before).then(|| after(before))
        });
        Some(match taken {
            Ok(before) => self.quota(after(before) - now, each, false),
            Err(before) => self.quota(before - now, each, true),
        })
    }

    /// What is left, and whether one more would be refused. None where there is no limit.
    pub fn look(&self, key: &K, now: DateTime<Utc>) -> Option<Quota> {
        let (now, each) = (now.timestamp_micros(), self.each()?);
        let whole_at = self.whole_at.peek(key);
        let used = whole_at.map_or(0, |at| at.load(Ordering::Relaxed).max(now) - now);
        Some(self.quota(used, each, used + each > each * i64::from(self.per_min)))
    }

    /// How long one takes to come back, in µs.
    fn each(&self) -> Option<i64> {
        WINDOW_US.checked_div(i64::from(self.per_min))
    }

    fn quota(&self, used_us: i64, each: i64, refused: bool) -> Quota {
        let micros = |us: i64| Duration::from_micros(u64::try_from(us).unwrap_or_default());
        let used = u32::try_from((used_us + each - 1) / each).unwrap_or(u32::MAX);
        let over = used_us + each - each * i64::from(self.per_min);
        Quota {
            per_min: self.per_min,
            left: self.per_min.saturating_sub(used),
            whole_in: micros(used_us),
            refused: refused.then(|| micros(over)),
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
            assert_eq!(quotas.look(&"a", begin).unwrap().refused, None);
            assert_eq!(quotas.take(&"a", begin).unwrap().left, left);
        }
        let refused = quotas.take(&"a", begin).unwrap();
        assert_eq!(refused.refused, Some(Duration::from_secs(10)));
        assert_eq!((refused.left, refused.whole_in), (0, Duration::from_mins(1)));
        assert_eq!(quotas.look(&"a", begin), Some(refused));
        assert_eq!(quotas.take(&"b", begin).unwrap().left, 5);
        let later = begin + chrono::Duration::seconds(10);
        assert_eq!(quotas.take(&"a", later).unwrap().refused, None);
        assert!(quotas.take(&"a", later).unwrap().refused.is_some());
        assert!(Quotas::new(0).take(&"a", begin).is_none());
    }

    #[test]
    fn another_quota_leaves_the_same_share() {
        let quotas = Quotas::new(10);
        let begin = DateTime::from_timestamp(1_780_000_000, 0).unwrap();
        for _ in 0..5 {
            quotas.take(&"a", begin);
        }
        assert_eq!(quotas.renewed(100).look(&"a", begin).unwrap().left, 50);
        assert_eq!(quotas.renewed(2).take(&"a", begin).unwrap().left, 0);
        assert_eq!(quotas.look(&"a", begin).unwrap().left, 0);
        assert!(quotas.renewed(0).take(&"a", begin).is_none());
    }

    #[test]
    fn memory_is_bounded() {
        let quotas = Quotas::new(60);
        let begin = DateTime::from_timestamp(1_780_000_000, 0).unwrap();
        for key in 0..3 * REMEMBERED {
            quotas.take(&key, begin);
        }
        assert!(quotas.whole_at.len() <= REMEMBERED);
    }
}
