//! Who hears of videos that came into a final status, once that is committed.

use std::sync::Arc;

use super::Store;
use crate::domain::{ShownStatus, Video};

/// Hears the provider's name and the status.
pub type Listening = dyn Fn(&str, ShownStatus) + Send + Sync;

/// The one who hears; nobody at first.
#[derive(Clone, Default)]
pub(super) struct Outcomes(Option<Arc<Listening>>);

/// A final status that a change brings.
#[derive(Debug)]
pub(super) struct Ended {
    provider: String,
    status: ShownStatus,
}

impl std::fmt::Debug for Outcomes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Outcomes").field(&self.0.is_some()).finish()
    }
}

impl Store {
    /// From now on `hears` is told of every video that comes into a final status by this process.
    #[must_use]
    pub fn telling(mut self, hears: Arc<Listening>) -> Self {
        self.outcomes = Outcomes(Some(hears));
        self
    }
}

impl Ended {
    /// Where the change brings one.
    pub(super) fn by(before: &Video, after: &Video) -> Option<Self> {
        (after.status != before.status && after.status.is_final()).then(|| Self {
            provider: after.provider.clone(),
            status: after.status,
        })
    }
}

impl Outcomes {
    /// To be called after the commit.
    pub(super) fn tell(&self, ended: impl IntoIterator<Item = Ended>) {
        if let Some(hears) = &self.0 {
            ended
                .into_iter()
                .for_each(|ended| hears(&ended.provider, ended.status));
        }
    }
}
