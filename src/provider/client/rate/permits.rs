//! Permits that a call holds.

use std::{collections::VecDeque, sync::Arc};

use tokio::time::{Instant, sleep_until};

use super::bucket_state::BucketState;
use crate::provider::error::CallError;

/// Permits that are taken from a bucket and not used yet. Dropped, they are lost.
#[derive(Debug, Default)]
pub(in crate::provider::client) struct Permits {
    /// The time at which each permit begins, in order.
    begins: VecDeque<Instant>,
    /// The bucket whose pause holds these permits back, and the deadline of the call. `None` only in the default value.
    pause: Option<(Arc<BucketState>, Instant)>,
}

impl Permits {
    /// Creates permits that begin at these times, for a call that waits for a pause until `deadline` at most.
    pub(super) fn new(state: &Arc<BucketState>, begins: VecDeque<Instant>, deadline: Instant) -> Self {
        Self {
            begins,
            pause: Some((state.clone(), deadline)),
        }
    }

    /// Creates the permits of a bucket without a rate: any number of calls, at any time that is no pause.
    pub(super) fn unlimited(state: &Arc<BucketState>, deadline: Instant) -> Self {
        Self::new(state, VecDeque::new(), deadline)
    }

    /// Waits until the first permit begins; it stays unused.
    ///
    /// # Errors
    /// As [`Permits::use_next`].
    pub(super) async fn wait_for_first(self) -> Result<Self, CallError> {
        self.wait_until(self.begins.front().copied()).await?;
        Ok(self)
    }

    /// Returns true where a permit with a time of its own is left. Always false for a bucket without a rate.
    pub(in crate::provider::client) fn has_left(&self) -> bool {
        !self.begins.is_empty()
    }

    /// Waits until the next permit begins, and uses it up.
    ///
    /// # Errors
    /// [`CallError::Busy`] where the provider asked meanwhile for a pause that outlasts the call's deadline.
    pub(in crate::provider::client) async fn use_next(&mut self) -> Result<(), CallError> {
        let begins = self.begins.pop_front();
        self.wait_until(begins).await
    }

    /// Waits until `begins`, and then for the end of a pause.
    async fn wait_until(&self, begins: Option<Instant>) -> Result<(), CallError> {
        if let Some(begins) = begins {
            sleep_until(begins).await;
        }
        let Some((state, deadline)) = &self.pause else {
            return Ok(());
        };
        // Why a loop: another 429 may have prolonged the pause during the sleep.
        while let Some(until) = state.paused_until() {
            if until > *deadline {
                return Err(CallError::Busy {
                    retry_after: until.saturating_duration_since(Instant::now()),
                });
            }
            sleep_until(until).await;
        }
        Ok(())
    }
}
