//! [`VideoCountCache`]: recent counts of videos.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use quick_cache::sync::Cache;

/// How long a count is given again.
const KEPT_FOR: Duration = Duration::seconds(5);

/// Counts that are kept at most; the least recently used give way.
const MAX_KEPT: usize = 1024;

/// What a count is of: an owner's videos or everybody's, at one provider or at all.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CountedVideos {
    /// The owner; `None` for everybody.
    pub owner: Option<String>,
    /// The provider; `None` for all.
    pub provider: Option<String>,
}

/// Counts by shown status, with the time of the query.
type Counted = (DateTime<Utc>, Arc<BTreeMap<&'static str, i64>>);

/// The counts of the last seconds, a bounded number of them.
pub struct VideoCountCache(Cache<CountedVideos, Counted>);

impl Default for VideoCountCache {
    fn default() -> Self {
        Self(Cache::new(MAX_KEPT))
    }
}

impl VideoCountCache {
    /// Returns a count of the last seconds.
    pub fn get(&self, of: &CountedVideos, now: DateTime<Utc>) -> Option<Arc<BTreeMap<&'static str, i64>>> {
        let (at, counts) = self.0.get(of)?;
        // Why both ends: a clock may be set back.
        (Duration::zero()..KEPT_FOR)
            .contains(&(now - at))
            .then_some(counts)
    }

    /// Keeps a count that was made at `now`.
    pub fn put(&self, of: CountedVideos, counts: BTreeMap<&'static str, i64>, now: DateTime<Utc>) {
        self.0.insert(of, (now, Arc::new(counts)));
    }
}
