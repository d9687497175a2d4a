//! Metrics and trace spans of applied events.
//!
//! Counters grow once an outcome is committed. Spans of events are recorded with the plan, below the span of their
//! batch, which ends when the batch is written or dropped.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use tracing::Span;
use uuid::Uuid;

use crate::domain::{EventState, InboxEvent};
use crate::state::{AppState, ProviderSet};
use crate::store::{Due, EventOutcome, Plan};
use crate::telemetry::{Metrics, TRACE};

/// The measurements of one batch while it is planned and written. Dropped without [`BatchMeter::count`], it counts nothing.
#[derive(Debug, Default)]
pub(super) struct BatchMeter {
    /// Open while the batch is written: its end is the end of the span.
    span: Option<Span>,
    events: Vec<PlannedEvent>,
}

/// The counted members of one event.
#[derive(Debug)]
struct PlannedEvent {
    provider: String,
    event_type: String,
    received_at: DateTime<Utc>,
    state: EventState,
}

impl BatchMeter {
    /// Notes what is planned for `due`, and returns the plan as it is. A repeated plan replaces the one before.
    pub(super) fn note_plan(&mut self, state: &AppState, due: &Due, plan: Plan) -> Plan {
        let span = tracing::info_span!(
            target: TRACE,
            parent: None,
            "apply",
            otel.name = "inbox apply",
            otel.kind = "consumer",
            events = due.events.len(),
        );
        let by_id: HashMap<Uuid, &InboxEvent> = due.events.iter().map(|event| (event.id, event)).collect();
        let event_of = |outcome: &EventOutcome| by_id.get(&outcome.id).copied();
        self.events.clear();
        for (outcome, event) in plan
            .events
            .iter()
            .filter_map(|outcome| Some((outcome, event_of(outcome)?)))
        {
            let kind = state
                .providers
                .known_event_type(&event.provider, &event.event_type);
            record_span(&span, event, kind, outcome.state, outcome.video_id);
            self.events.push(PlannedEvent {
                provider: event.provider.clone(),
                event_type: event.event_type.clone(),
                received_at: event.received_at,
                state: outcome.state,
            });
        }
        self.span = Some(span);
        plan
    }

    /// Counts all events of the batch, after the commit.
    pub(super) fn count(self, state: &AppState) {
        for event in &self.events {
            count_event(
                state,
                &event.provider,
                &event.event_type,
                event.state,
                event.received_at,
            );
        }
    }
}

/// Counts one event that was finished outside of a batch.
pub(super) fn count_one(state: &AppState, event: &InboxEvent, outcome: &EventOutcome) {
    count_event(
        state,
        &event.provider,
        &event.event_type,
        outcome.state,
        event.received_at,
    );
}

/// Counts an event that the store applied as it stored it, and records its span.
pub(crate) fn count_applied(
    providers: &ProviderSet,
    metrics: &Metrics,
    event: &InboxEvent,
    video_id: Uuid,
    now: DateTime<Utc>,
) {
    let kind = providers.known_event_type(&event.provider, &event.event_type);
    let lag = (now - event.received_at).to_std().unwrap_or_default();
    let state = EventState::Applied;
    metrics.record_apply(&event.provider, kind, state.as_str(), Some(lag));
    record_span(&Span::none(), event, kind, state, Some(video_id));
}

/// Counts one event. The lag from receipt is measured for applied events alone.
fn count_event(
    state: &AppState,
    provider: &str,
    event_type: &str,
    to: EventState,
    received_at: DateTime<Utc>,
) {
    let kind = state.providers.known_event_type(provider, event_type);
    let lag = (state.clock.now() - received_at).to_std().unwrap_or_default();
    let lag = (to == EventState::Applied).then_some(lag);
    state.metrics.record_apply(provider, kind, to.as_str(), lag);
}

/// Records a span for one event, below the batch's span where there is one.
fn record_span(batch: &Span, event: &InboxEvent, kind: &str, state: EventState, video_id: Option<Uuid>) {
    let span = tracing::info_span!(
        target: TRACE,
        parent: batch,
        "apply event",
        event.id = %event.id,
        event.r#type = kind,
        event.state = state.as_str(),
        provider = event.provider,
        video.id = tracing::field::Empty,
    );
    if let Some(video) = video_id {
        span.record("video.id", tracing::field::display(video));
    }
}
