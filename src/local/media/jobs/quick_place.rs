//! The place of a job that does quick work.

use tokio::sync::OwnedSemaphorePermit;

use crate::local::app::App;

/// The quick place of a job; [`QuickPlace::leave`] gives it back early.
pub(super) struct QuickPlace {
    app: App,
    permit: Option<OwnedSemaphorePermit>,
}

impl QuickPlace {
    /// Makes the place of a job that has `permit`, if it is to do quick work.
    pub(super) fn new(app: App, permit: Option<OwnedSemaphorePermit>) -> Self {
        Self { app, permit }
    }

    /// Gives the place back, and wakes the runner. Does nothing the second time.
    pub(super) fn leave(&mut self) {
        if self.permit.take().is_some() {
            self.app.jobs_wake.notify_one();
        }
    }
}
