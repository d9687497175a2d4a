//! The assets with a job under way, so that a deletion can stop the work.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio_util::sync::CancellationToken;

use crate::local::store::JobKind;

/// The jobs under way, by asset id and kind; clones share them.
#[derive(Clone, Default)]
pub(crate) struct RunningJobs(Arc<Mutex<HashMap<JobKey, Signals>>>);

/// The id of an asset, and the kind of a job on it.
type JobKey = (String, JobKind);

/// The two signals between a job and [`RunningJobs::stop_and_wait`].
#[derive(Clone)]
struct Signals {
    /// Cancelled to stop the job.
    cancel: CancellationToken,
    /// Cancelled once the job has ended.
    ended: CancellationToken,
}

/// The claim of one job on its asset, from [`RunningJobs::claim`]; dropping it frees the claim.
pub(crate) struct JobClaim {
    all: RunningJobs,
    key: JobKey,
    signals: Signals,
}

impl RunningJobs {
    /// Claims a kind of job on an asset. Returns `None` when another one holds it. Cancelling `stop` cancels the claim
    /// too.
    pub(crate) fn claim(&self, asset_id: &str, kind: JobKind, stop: &CancellationToken) -> Option<JobClaim> {
        let mut all = self.lock_all();
        let key = (asset_id.to_owned(), kind);
        if all.contains_key(&key) {
            return None;
        }
        let signals = Signals {
            // Why a child: the provider's stop cancels every job.
            cancel: stop.child_token(),
            ended: CancellationToken::new(),
        };
        all.insert(key.clone(), signals.clone());
        Some(JobClaim {
            all: self.clone(),
            key,
            signals,
        })
    }

    /// Returns true while a job of this kind works on the asset.
    pub(crate) fn contains(&self, asset_id: &str, kind: JobKind) -> bool {
        self.lock_all().contains_key(&(asset_id.to_owned(), kind))
    }

    /// Cancels the jobs of an asset, and waits until they have ended.
    pub(crate) async fn stop_all_and_wait(&self, asset_id: &str) {
        for kind in JobKind::ALL {
            self.stop_and_wait(asset_id, kind).await;
        }
    }

    /// Cancels one kind of job on an asset, and waits until it has ended.
    pub(crate) async fn stop_and_wait(&self, asset_id: &str, kind: JobKind) {
        let signals = self.lock_all().get(&(asset_id.to_owned(), kind)).cloned();
        if let Some(signals) = signals {
            signals.cancel.cancel();
            signals.ended.cancelled().await;
        }
    }

    /// Locks the map; a panic in another holder is ignored.
    fn lock_all(&self) -> MutexGuard<'_, HashMap<JobKey, Signals>> {
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
        self.all.lock_all().remove(&self.key);
        self.signals.ended.cancel();
    }
}
