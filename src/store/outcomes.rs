//! Who hears of videos that came into a final status, and of events applied as they came in, once that is committed.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use uuid::Uuid;

use super::Store;
use crate::domain::{InboxEvent, ShownStatus, Video};

/// Somebody who hears.
pub trait Listening: Send + Sync {
    /// A video of this provider came into a final status.
    fn ended(&self, provider: &str, status: ShownStatus);

    /// The commit that stored the event applied it to this video.
    fn applied(&self, event: &InboxEvent, video_id: Uuid);
}

/// The one who hears; nobody at first. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Outcomes(Arc<ArcSwapOption<Arc<dyn Listening>>>);

/// A final status that a change brings.
#[derive(Debug)]
pub(super) struct Ended {
    provider: String,
    status: ShownStatus,
}

impl std::fmt::Debug for Outcomes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Outcomes").field(&self.0.load().is_some()).finish()
    }
}

impl Store {
    /// From now on `hears` is told of what this process writes, whichever clone writes it.
    pub fn tell(&self, hears: Arc<dyn Listening>) {
        self.outcomes.0.store(Some(Arc::new(hears)));
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
        if let Some(hears) = &*self.0.load() {
            ended
                .into_iter()
                .for_each(|ended| hears.ended(&ended.provider, ended.status));
        }
    }

    /// To be called after the commit.
    pub(super) fn applied(&self, event: &InboxEvent, video_id: Uuid) {
        if let Some(hears) = &*self.0.load() {
            hears.applied(event, video_id);
        }
    }
}
