//! The assets with a job under way, so that a deletion can stop the work.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio_util::sync::CancellationToken;

/// The jobs under way, by asset id; clones share them.
#[derive(Clone, Default)]
pub(crate) struct RunningJobs(Arc<Mutex<HashMap<String, Signals>>>);

/// The two signals between a job and [`RunningJobs::stop_and_wait`].
#[derive(Clone)]
struct Signals {
    /// Cancelled to stop the job.
    cancel: CancellationToken,
    /// Cancelled once the job has ended.
    ended: CancellationToken,
}

/// The claim of one job on its asset, from [`RunningJobs::claim`]; dropping it frees the asset.
pub(crate) struct JobClaim {
    all: RunningJobs,
    asset_id: String,
    signals: Signals,
}

impl RunningJobs {
    /// Claims an asset. Returns `None` when another job holds it. Cancelling `stop` cancels the claim too.
    pub(crate) fn claim(&self, asset_id: &str, stop: &CancellationToken) -> Option<JobClaim> {
        let mut all = self.lock_all();
        if all.contains_key(asset_id) {
            return None;
        }
        let signals = Signals {
            // Why a child: the provider's stop cancels every job.
            cancel: stop.child_token(),
            ended: CancellationToken::new(),
        };
        all.insert(asset_id.to_owned(), signals.clone());
        Some(JobClaim {
            all: self.clone(),
            asset_id: asset_id.to_owned(),
            signals,
        })
    }

    /// Returns true while a job works on the asset.
    pub(crate) fn contains(&self, asset_id: &str) -> bool {
        self.lock_all().contains_key(asset_id)
    }

    /// Returns the number of jobs under way.
    pub(crate) fn count(&self) -> usize {
        self.lock_all().len()
    }

    /// Cancels the job of an asset, if there is one, and waits until it has ended.
    pub(crate) async fn stop_and_wait(&self, asset_id: &str) {
        let signals = self.lock_all().get(asset_id).cloned();
        if let Some(signals) = signals {
            signals.cancel.cancel();
            signals.ended.cancelled().await;
        }
    }

    /// Locks the map; a panic in another holder is ignored.
    fn lock_all(&self) -> MutexGuard<'_, HashMap<String, Signals>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl JobClaim {
    /// Returns the token that is cancelled when the job's result is not wanted any more.
    pub(crate) fn cancel(&self) -> &CancellationToken {
        &self.signals.cancel
    }
}

impl Drop for JobClaim {
    fn drop(&mut self) {
        // Why removed before signalled: a deletion that wakes up finds the asset free.
        self.all.lock_all().remove(&self.asset_id);
        self.signals.ended.cancel();
    }
}
