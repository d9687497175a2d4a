//! Events that say too little, or what cannot be told from what is known: the provider is asked.
//!
//! 1. The plan joins what needs no answer and leaves the event pending, under a lease ([`Question::needs_no_answer`]).
//! 2. The provider is asked. It fails: the event is tried again later, and stands as it is once there were enough tries.
//! 3. The whole event and the answer are joined in one write. The provider has nothing of the video: the event is joined
//!    without its claim that the video is ready.
//! 4. The event is finished. A crash before that begins again at 1, which joins nothing new.

use chrono::{DateTime, Utc};
use tracing::Instrument;
use uuid::Uuid;

use super::later;
use crate::chain::Chain;
use crate::domain::{EventState, Field, InboxEvent, Observation, Status, Video};
use crate::jobs::ask::{Answer, ask};
use crate::provider::{Priority, Provider, Translation};
use crate::state::AppState;
use crate::store::{Edit, EventOutcome, StoreError};
use crate::telemetry::TRACE;

/// What an event makes the provider be asked for.
#[derive(Clone, Debug)]
pub(super) struct Question {
    /// All that the event says.
    seen: Observation,
    /// The answer counts as at least as fresh: the event, and what it contradicts, were known when it was asked for.
    at_least: Option<DateTime<Utc>>,
    /// The answer decides them.
    contradicted: Vec<Field>,
    /// The event alone makes no video ready.
    withholds_ready: bool,
}

impl Question {
    /// The question that an event raises about `video` as it is known before the event; `None` where it raises none.
    pub(super) fn of(provider: &Provider, video: &Video, read: &Translation) -> Option<Self> {
        let (known, seen) = (&video.known, &read.observation);
        let can_ask = provider.can_ask(
            known.upload_id.as_deref().or(seen.upload_id.as_deref()),
            known.asset_id.as_deref().or(seen.asset_id.as_deref()),
        );
        let contradicted = if can_ask && !known.gone && !known.delete_requested {
            known.contradicted_by(seen)
        } else {
            Vec::new()
        };
        if !read.refresh && contradicted.is_empty() {
            return None;
        }
        let stamps = contradicted.iter().filter_map(|field| known.facts.fact(*field));
        let at_least = stamps.filter_map(|fact| fact.stamp.at()).chain(seen.at).max();
        Some(Self {
            seen: seen.clone(),
            at_least,
            contradicted,
            withholds_ready: can_ask && read.refresh,
        })
    }

    /// What of the event is joined before the answer comes.
    pub(super) fn needs_no_answer(&self) -> Observation {
        let mut seen = self.seen.clone();
        seen.fields
            .retain(|(field, _)| !self.contradicted.contains(field));
        if self.withholds_ready {
            seen.status = seen.status.filter(|status| *status != Status::Ready);
        }
        seen
    }

    /// What of the event is joined with the answer, if there ever was one.
    fn with(&self, answer: Option<&Answer>) -> Observation {
        let mut seen = self.seen.clone();
        if answer.is_some_and(Answer::has_nothing) {
            seen.status = seen.status.filter(|status| *status != Status::Ready);
        }
        seen
    }

    /// An observation of the answer, no older than what made the provider be asked.
    fn answered(&self, seen: &Observation) -> Observation {
        Observation {
            at: seen.at.max(self.at_least),
            ..seen.clone()
        }
    }
}

/// An event that stays pending until the provider has answered.
#[derive(Debug)]
pub struct Refresh {
    pub(super) event: InboxEvent,
    pub(super) video_id: Uuid,
    pub(super) question: Question,
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
            if error.is_outage() {
                tracing::debug!(event.id = %self.event.id, error = %Chain(&error), "a refresh failed");
            } else {
                tracing::error!(event.id = %self.event.id, error = %Chain(&error), "a refresh failed");
            }
        }
    }

    async fn try_run(&self, state: &AppState) -> Result<(), StoreError> {
        let event = &self.event;
        let Some(provider) = state.providers.by_name(&event.provider) else {
            return Ok(());
        };
        let Some(video) = state.store.video(self.video_id).await? else {
            return Ok(());
        };
        let outcome = match ask(provider, &video, Priority::Background, &state.clock).await {
            Err(error) => {
                let outcome = later(state, event, state.clock.now(), error.to_string());
                if outcome.state == EventState::GivenUp {
                    // Without an answer the event stands as it is.
                    self.join(state, provider, None).await?;
                }
                outcome
            }
            Ok(answer) => {
                if answer.knows_it() {
                    state.sightings.seen(provider.name(), state.clock.now());
                }
                let conflict = self.join(state, provider, Some(&answer)).await?;
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

    /// Joins the whole event, and the answer where there is one. Returns why that cannot be, where they are about
    /// something else.
    async fn join(
        &self,
        state: &AppState,
        provider: &Provider,
        answer: Option<&Answer>,
    ) -> Result<Option<String>, StoreError> {
        let now = state.clock.now();
        let event = self.question.with(answer);
        let edit = state.store.edit_video(self.video_id, now, |video| {
            let needs = provider.needs(video.playback_policy);
            let before = video.status;
            video.observe(&event, needs)?;
            for seen in answer.iter().flat_map(|answer| &answer.observations) {
                video.observe(&self.question.answered(seen), needs)?;
            }
            let missing = answer.and_then(|answer| answer.missing(video));
            video.note_missing(missing, needs, now);
            video.reschedule(before, &state.check_times, now);
            Ok(())
        });
        match edit.await {
            Ok(Edit::Done(_) | Edit::Missing) => Ok(None),
            Ok(Edit::Refused(conflict)) => {
                let conflict: crate::domain::IdentityConflict = conflict;
                Ok(Some(conflict.to_string()))
            }
            Err(taken @ StoreError::IdentityTaken) => Ok(Some(taken.to_string())),
            Err(error) => Err(error),
        }
    }
}
