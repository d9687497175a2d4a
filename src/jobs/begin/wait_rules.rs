//! When a step of an ingest may find nothing, and for how long.

use chrono::{DateTime, Duration, Utc};

use crate::provider::Provider;

/// Returns whether the step after the one at `index` may wait and finds the video by our id, so that an answer of the one
/// at `index` can be done without.
pub(super) fn waits_after(provider: &Provider, index: usize) -> bool {
    provider.ingest_until_s(index + 1).is_some() && provider.ingest_step_is_independent(index + 1)
}

/// Returns the time until which the step at `index` may find nothing, if it is asked from `now` on.
pub(super) fn end_of_wait(provider: &Provider, index: usize, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let seconds = i64::try_from(provider.ingest_until_s(index)?).unwrap_or(0);
    Some(now + Duration::seconds(seconds))
}
