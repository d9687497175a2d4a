//! A circuit breaker for lookups of assets that are known to exist.
//!
//! Credentials of another environment make a provider answer "not found" about every asset. Without a guard the
//! reconciler would take all videos for deleted. [`HALT_AFTER`] misses in a row, about assets that must exist, halt the
//! work on that provider; one hit lets it go on.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Duration, Utc};

/// Misses in a row after which the work on a provider halts.
// Why several: single assets do disappear, deleted at the provider by hand.
const HALT_AFTER: u32 = 5;
/// Time for which one hit proves that the provider answers about our own assets.
const PROOF_FOR: Duration = Duration::seconds(60);

/// The lookups of assets known to exist, by [account](super::Provider::account). In memory: each process judges by its own lookups.
#[derive(Debug, Default)]
pub struct LookupBreaker(Mutex<HashMap<String, LookupRecord>>);

#[derive(Clone, Copy, Debug, Default)]
struct LookupRecord {
    misses_in_a_row: u32,
    last_hit_at: Option<DateTime<Utc>>,
}

impl LookupBreaker {
    /// Runs `change` on the account's record, under the lock.
    fn with_record<T>(&self, account: &str, change: impl FnOnce(&mut LookupRecord) -> T) -> T {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(all.entry(account.to_owned()).or_default())
    }

    /// Records that the provider knows an asset of ours. This ends a halt ([`LookupBreaker::is_halted`]).
    pub fn record_hit(&self, account: &str, now: DateTime<Utc>) {
        self.with_record(account, |record| {
            *record = LookupRecord {
                misses_in_a_row: 0,
                last_hit_at: Some(now),
            }
        });
    }

    /// Records that the provider denies an asset that is known to exist. The miss that begins a halt is logged.
    pub fn record_miss(&self, account: &str) {
        let missed = self.with_record(account, |record| {
            record.misses_in_a_row += 1;
            record.misses_in_a_row
        });
        // Why `==`: the log says it once a halt, not with every further miss.
        if missed == HALT_AFTER {
            tracing::error!(
                provider = account,
                "the provider answers \"not found\" about {HALT_AFTER} videos in a row that are known to exist: \
                 reconciler and deletions halt; are its credentials those of another environment?"
            );
        }
    }

    /// Returns true while the provider's reconciler and deletions are halted.
    pub fn is_halted(&self, account: &str) -> bool {
        self.with_record(account, |record| record.misses_in_a_row >= HALT_AFTER)
    }

    /// Returns the names of all accounts whose reconciler and deletions are halted, in no particular order.
    pub fn halted_providers(&self) -> Vec<String> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let halted = all
            .iter()
            .filter(|(_, record)| record.misses_in_a_row >= HALT_AFTER);
        halted.map(|(name, _)| name.clone()).collect()
    }

    /// Returns true where the provider knew an asset of ours within the last 60 seconds before `now`.
    pub fn has_recent_hit(&self, account: &str, now: DateTime<Utc>) -> bool {
        let last_hit_at = self.with_record(account, |record| record.last_hit_at);
        // Why `now >= at`: a clock that was set back must not make a hit a proof for longer.
        last_hit_at.is_some_and(|at| now - at < PROOF_FOR && now >= at)
    }
}
