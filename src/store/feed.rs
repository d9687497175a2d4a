//! The channel of visible changes within this process.

use std::sync::Arc;

use tokio::sync::broadcast;
use uuid::Uuid;

/// Visible changes: the ids of videos, with their new versions.
pub type Changes = Arc<[(Uuid, i64)]>;

/// The number of batches that a slow listener may be behind before it hears that it missed some.
const BACKLOG: usize = 1024;

/// Publishes [`Changes`] within this process. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Feed(broadcast::Sender<Changes>);

impl Default for Feed {
    fn default() -> Self {
        Self(broadcast::Sender::new(BACKLOG))
    }
}

impl Feed {
    /// Returns a receiver of everything that is published from now on.
    pub(super) fn subscribe(&self) -> broadcast::Receiver<Changes> {
        self.0.subscribe()
    }

    /// Publishes changes, whether anything listens or not.
    pub(super) fn publish(&self, changes: &[(Uuid, i64)]) {
        if !changes.is_empty() {
            let _nobody_listens = self.0.send(changes.into());
        }
    }
}
