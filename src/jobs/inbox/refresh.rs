//! Refreshing: the provider is asked about an event that says too little, or that contradicts what is known.
//!
//! 1. The plan joins what needs no answer and leaves the event pending, under a lease ([`Question::part_before_answer`]).
//! 2. The provider is asked.
//!    - It fails: the event is tried again later. After enough attempts it is given up, and joined as it is.
//!    - It has nothing of the video: the event is joined without its claim that the video is ready.
//!    - It answers: the whole event and the answer are joined in one write. Where they are about another video, the event
//!      fails.
//! 3. The event is finished. A crash before that begins again at 1, which joins nothing new.

use tracing::Instrument;

use super::outcome_metrics::count_one;
use super::question::Question;
use super::retry::retry_later;
use crate::chain::Chain;
use crate::domain::{AssetKey, EventState, IdentityConflict, InboxEvent};
use crate::jobs::provider_status::{ProviderStatus, fetch_status};
use crate::provider::{Priority, Provider};
use crate::state::AppState;
use crate::store::{Edit, EventOutcome, StoreError};
use crate::telemetry::TRACE;

/// An event that stays pending until the provider has answered.
#[derive(Debug)]
pub struct Refresh {
    pub(super) event: InboxEvent,
    /// The asset whose video the plan joined the event into.
    pub(super) asset: AssetKey,
    /// The contradictions and gaps that the answer settles.
    pub(super) question: Question,
}

impl Refresh {
    /// Asks the provider, joins the answer and finishes the event. A database that fails is logged; the event becomes
    /// due again when its lease ends.
    pub async fn run(self, state: &AppState) {
        let span = tracing::info_span!(
            target: TRACE,
            "refresh",
            otel.name = "inbox refresh",
            event.id = %self.event.id,
            video.reference = %self.asset.reference,
            provider = self.event.provider,
        );
        if let Err(error) = self.try_run(state).instrument(span).await {
            if error.is_outage() {
                tracing::debug!(event.id = %self.event.id, error = %Chain(&error), "a refresh failed");
            } else {
                tracing::error!(event.id = %self.event.id, error = %Chain(&error), "a refresh failed");
            }
        }
    }

    /// Makes steps 2 and 3. An event whose map or video is gone meanwhile is left to the next plan.
    async fn try_run(&self, state: &AppState) -> Result<(), StoreError> {
        let event = &self.event;
        let Some(video) = state.store.find_asset(&self.asset).await? else {
            return Ok(());
        };
        let Ok(provider) = state.providers.for_video(&video) else {
            return Ok(());
        };
        let provider = &*provider;
        let outcome = match fetch_status(provider, &video, Priority::Background, &state.clock).await {
            Err(error) => {
                let outcome = retry_later(state, event, state.clock.now(), error.to_string());
                if outcome.state == EventState::GivenUp {
                    // No answer will come: the event counts as it is.
                    self.join_into_video(state, provider, None).await?;
                }
                outcome
            }
            Ok(answer) => {
                if answer.confirms_video() {
                    state.sightings.record_hit(provider.account(), state.clock.now());
                }
                let conflict = self.join_into_video(state, provider, Some(&answer)).await?;
                EventOutcome {
                    state: if conflict.is_some() {
                        EventState::Failed
                    } else {
                        EventState::Applied
                    },
                    error: conflict,
                    ..EventOutcome::leave_as_is(event)
                }
            }
        };
        let outcome = EventOutcome {
            video_id: Some(video.id),
            ..outcome
        };
        // Why by the asset: an exchange may have moved it to another row since it was read.
        state.store.finish_asset_event(&outcome, &self.asset).await?;
        count_one(state, event, &outcome);
        Ok(())
    }

    /// Joins the whole event, and the answer where there is one, in one write. Returns the text of the conflict where an id
    /// in them belongs to another video; nothing is written then.
    async fn join_into_video(
        &self,
        state: &AppState,
        provider: &Provider,
        answer: Option<&ProviderStatus>,
    ) -> Result<Option<String>, StoreError> {
        let now = state.clock.now();
        let event = self.question.part_with_answer(answer);
        let edit = state.store.edit_asset(self.asset.clone(), now, |video| {
            let needs = provider.required_ids(video.playback_policy);
            let before = video.status;
            video.observe(&event, needs)?;
            for seen in answer.iter().flat_map(|answer| &answer.observations) {
                video.observe(&self.question.stamp_answer(seen), needs)?;
            }
            let missing = answer.and_then(|answer| answer.missing_asset(video));
            video.note_missing(missing, needs, now);
            video.restart_schedule(before, &state.check_times, now);
            Ok(())
        });
        match edit.await {
            Ok(Edit::Done(_) | Edit::Missing) => Ok(None),
            Ok(Edit::Refused(conflict)) => {
                let conflict: IdentityConflict = conflict;
                Ok(Some(conflict.to_string()))
            }
            Err(taken @ StoreError::IdentityTaken) => Ok(Some(taken.to_string())),
            Err(error) => Err(error),
        }
    }
}
