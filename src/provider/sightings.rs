//! What providers answered lately about assets that are known to exist.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Duration, Utc};

/// So many in a row halt the work.
const HALT_AFTER: u32 = 5;
/// How long one sight of a known asset is a proof.
const PROOF_FOR: Duration = Duration::seconds(60);
/// What providers answered lately about assets known to exist.
#[derive(Debug, Default)]
pub struct Sightings(Mutex<HashMap<String, Sighting>>);

#[derive(Clone, Copy, Debug, Default)]
struct Sighting {
    missed_in_a_row: u32,
    seen_at: Option<DateTime<Utc>>,
}

impl Sightings {
    fn with<T>(&self, provider: &str, change: impl FnOnce(&mut Sighting) -> T) -> T {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(all.entry(provider.to_owned()).or_default())
    }

    /// The provider knows an asset of ours.
    pub fn seen(&self, provider: &str, now: DateTime<Utc>) {
        self.with(provider, |sighting| {
            *sighting = Sighting {
                missed_in_a_row: 0,
                seen_at: Some(now),
            }
        });
    }

    /// The provider says that an asset known to exist is not there.
    pub fn missed(&self, provider: &str) {
        let missed = self.with(provider, |sighting| {
            sighting.missed_in_a_row += 1;
            sighting.missed_in_a_row
        });
        if missed == HALT_AFTER {
            tracing::error!(
                provider,
                "the provider answers \"not found\" about {HALT_AFTER} videos in a row that are known to exist: \
                 reconciler and deletions halt; are its credentials those of another environment?"
            );
        }
    }

    /// Reconciler and deletions of this provider stand still.
    pub fn halted(&self, provider: &str) -> bool {
        self.with(provider, |sighting| sighting.missed_in_a_row >= HALT_AFTER)
    }

    /// Every provider whose reconciler and deletions stand still.
    pub fn all_halted(&self) -> Vec<String> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let halted = all
            .iter()
            .filter(|(_, sighting)| sighting.missed_in_a_row >= HALT_AFTER);
        halted.map(|(name, _)| name.clone()).collect()
    }

    /// The provider knew an asset of ours a moment ago.
    pub fn lately_seen(&self, provider: &str, now: DateTime<Utc>) -> bool {
        let seen_at = self.with(provider, |sighting| sighting.seen_at);
        seen_at.is_some_and(|at| now - at < PROOF_FOR && now >= at)
    }
}
