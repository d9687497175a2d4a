//! Events that say too little: the provider is asked for the rest.

use tracing::Instrument;
use uuid::Uuid;

use super::later;
use crate::chain::Chain;
use crate::domain::{EventState, InboxEvent};
use crate::jobs::ask::ask;
use crate::provider::Priority;
use crate::state::AppState;
use crate::store::{Edit, EventOutcome, StoreError};
use crate::telemetry::TRACE;

/// An event that is joined already and stays pending until the provider has answered.
#[derive(Debug)]
pub struct Refresh {
    pub(super) event: InboxEvent,
    pub(super) video_id: Uuid,
}

impl Refresh {
    /// Asks, joins the answer, and finishes the event; or puts it off.
    pub async fn run(self, state: &AppState) {
        let span = tracing::info_span!(
            target: TRACE,
            "refresh",
            otel.name = "inbox refresh",
            event.id = %self.event.id,
            video.id = %self.video_id,
            provider = self.event.provider,
        );
        if let Err(error) = self.try_run(state).instrument(span).await {
            // The event's lease runs out and it is taken again.
            tracing::error!(event.id = %self.event.id, error = %Chain(&error), "a refresh failed");
        }
    }

    async fn try_run(&self, state: &AppState) -> Result<(), StoreError> {
        let now = state.clock.now();
        let event = &self.event;
        let Some(provider) = state.providers.by_name(&event.provider) else {
            return Ok(());
        };
        let Some(video) = state.store.video(self.video_id).await? else {
            return Ok(());
        };
        let outcome = match ask(provider, &video, Priority::Background, now).await {
            Err(error) => later(state, event, now, error.to_string()),
            Ok(answer) => {
                let edit = state.store.edit_video(video.id, state.clock.now(), |video| {
                    let needs = provider.needs(video.playback_policy);
                    answer
                        .observations
                        .iter()
                        .try_for_each(|seen| video.observe(seen, needs))
                });
                let conflict = match edit.await {
                    Ok(Edit::Done(_) | Edit::Missing) => None,
                    Ok(Edit::Refused(conflict)) => Some(conflict.to_string()),
                    Err(taken @ StoreError::IdentityTaken) => Some(taken.to_string()),
                    Err(error) => return Err(error),
                };
                EventOutcome {
                    state: if conflict.is_some() {
                        EventState::Failed
                    } else {
                        EventState::Applied
                    },
                    error: conflict,
                    ..EventOutcome::of(event)
                }
            }
        };
        let outcome = EventOutcome {
            video_id: Some(self.video_id),
            ..outcome
        };
        state.store.finish_event(&outcome).await?;
        super::counted::one(state, event, &outcome);
        Ok(())
    }
}
