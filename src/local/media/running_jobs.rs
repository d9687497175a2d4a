//! Which assets are being worked on, so that work on a deleted one stops.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio_util::sync::CancellationToken;

/// The work under way.
#[derive(Clone, Default)]
pub(crate) struct RunningJobs(Arc<Mutex<HashMap<String, Signals>>>);

#[derive(Clone)]
struct Signals {
    cancel: CancellationToken,
    ended: CancellationToken,
}

/// One piece of work, until dropped.
pub(crate) struct JobClaim {
    all: RunningJobs,
    asset_id: String,
    signals: Signals,
}

impl RunningJobs {
    /// Claims an asset; `None` when somebody works on it already. The claim ends with `stop` too.
    pub(crate) fn claim(&self, asset_id: &str, stop: &CancellationToken) -> Option<JobClaim> {
        let mut all = self.lock_all();
        if all.contains_key(asset_id) {
            return None;
        }
        let signals = Signals {
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

    /// An asset is being worked on.
    pub(crate) fn contains(&self, asset_id: &str) -> bool {
        self.lock_all().contains_key(asset_id)
    }

    /// Work under way.
    pub(crate) fn count(&self) -> usize {
        self.lock_all().len()
    }

    /// Stops the work on an asset and waits until it has ended.
    pub(crate) async fn stop_and_wait(&self, asset_id: &str) {
        let signals = self.lock_all().get(asset_id).cloned();
        if let Some(signals) = signals {
            signals.cancel.cancel();
            signals.ended.cancelled().await;
        }
    }

    fn lock_all(&self) -> MutexGuard<'_, HashMap<String, Signals>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl JobClaim {
    /// CancelOutcome when the work is not wanted any more.
    pub(crate) fn cancel(&self) -> &CancellationToken {
        &self.signals.cancel
    }
}

impl Drop for JobClaim {
    fn drop(&mut self) {
        self.all.lock_all().remove(&self.asset_id);
        self.signals.ended.cancel();
    }
}
