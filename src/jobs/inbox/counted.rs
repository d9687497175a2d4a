//! What came of a batch of events: counted and told once it is written.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use tracing::Span;
use uuid::Uuid;

use crate::domain::{EventState, InboxEvent};
use crate::state::AppState;
use crate::store::{Due, EventOutcome, Plan};
use crate::telemetry::TRACE;

/// A batch that is being written: its span, and what is to be counted then.
#[derive(Debug, Default)]
pub(super) struct Counted {
    span: Option<Span>,
    events: Vec<Planned>,
}

#[derive(Debug)]
struct Planned {
    provider: String,
    event_type: String,
    received_at: DateTime<Utc>,
    state: EventState,
}

impl Counted {
    /// Looks at what is planned for `due`, and hands the plan on.
    pub(super) fn watch(&mut self, state: &AppState, due: &Due, plan: Plan) -> Plan {
        let span = tracing::info_span!(
            target: TRACE,
            parent: None,
            "apply",
            otel.name = "inbox apply",
            otel.kind = "consumer",
            events = due.events.len(),
        );
        let by_id: HashMap<Uuid, &InboxEvent> = due.events.iter().map(|event| (event.id, event)).collect();
        let of = |outcome: &EventOutcome| by_id.get(&outcome.id).copied();
        self.events.clear();
        for (outcome, event) in plan
            .events
            .iter()
            .filter_map(|outcome| Some((outcome, of(outcome)?)))
        {
            told(state, &span, event, outcome);
            self.events.push(Planned {
                provider: event.provider.clone(),
                event_type: event.event_type.clone(),
                received_at: event.received_at,
                state: outcome.state,
            });
        }
        self.span = Some(span);
        plan
    }

    /// It is written.
    pub(super) fn end(self, state: &AppState) {
        for event in &self.events {
            count(
                state,
                &event.provider,
                &event.event_type,
                event.state,
                event.received_at,
            );
        }
    }
}

/// One event was finished by itself.
pub(super) fn one(state: &AppState, event: &InboxEvent, outcome: &EventOutcome) {
    count(
        state,
        &event.provider,
        &event.event_type,
        outcome.state,
        event.received_at,
    );
}

fn count(state: &AppState, provider: &str, event_type: &str, to: EventState, received_at: DateTime<Utc>) {
    let known = state.providers.by_name(provider);
    let kind = known.map_or("other", |provider| provider.known_type(event_type));
    let lag = (state.clock.now() - received_at).to_std().unwrap_or_default();
    let lag = (to == EventState::Applied).then_some(lag);
    state.metrics.applied(provider, kind, to.as_str(), lag);
}

/// A span for each event of the batch.
fn told(state: &AppState, batch: &Span, event: &InboxEvent, outcome: &EventOutcome) {
    if batch.is_disabled() {
        return;
    }
    let known = state.providers.by_name(&event.provider);
    let kind = known.map_or("other", |provider| provider.known_type(&event.event_type));
    let span = tracing::info_span!(
        target: TRACE,
        parent: batch,
        "apply event",
        event.id = %event.id,
        event.r#type = kind,
        event.state = outcome.state.as_str(),
        provider = event.provider,
        video.id = tracing::field::Empty,
    );
    if let Some(video) = outcome.video_id {
        span.record("video.id", tracing::field::display(video));
    }
}
