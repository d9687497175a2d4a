//! What came of a batch of events: counted and told once it is written.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tracing::Span;
use uuid::Uuid;

use crate::clock::Clock;
use crate::domain::{EventState, InboxEvent, ShownStatus};
use crate::state::{AppState, ProviderSet};
use crate::store::{Due, EventOutcome, Listening, Plan};
use crate::telemetry::{Metrics, TRACE};

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
            let kind = kind(&state.providers, &event.provider, &event.event_type);
            told(&span, event, kind, outcome.state, outcome.video_id);
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

/// Counts what the store tells of.
pub fn counting(providers: Arc<ProviderSet>, metrics: Arc<Metrics>, clock: Clock) -> Arc<dyn Listening> {
    Arc::new(Counting {
        providers,
        metrics,
        clock,
    })
}

struct Counting {
    providers: Arc<ProviderSet>,
    metrics: Arc<Metrics>,
    clock: Clock,
}

impl Listening for Counting {
    fn ended(&self, provider: &str, status: ShownStatus) {
        self.metrics.ended(provider, status.as_str());
    }

    fn applied(&self, event: &InboxEvent, video_id: Uuid) {
        let kind = kind(&self.providers, &event.provider, &event.event_type);
        let lag = (self.clock.now() - event.received_at)
            .to_std()
            .unwrap_or_default();
        let state = EventState::Applied;
        self.metrics
            .applied(&event.provider, kind, state.as_str(), Some(lag));
        told(&Span::none(), event, kind, state, Some(video_id));
    }
}

fn kind<'a>(providers: &'a ProviderSet, provider: &str, event_type: &str) -> &'a str {
    let known = providers.by_name(provider);
    known.map_or("other", |provider| provider.known_type(event_type))
}

fn count(state: &AppState, provider: &str, event_type: &str, to: EventState, received_at: DateTime<Utc>) {
    let kind = kind(&state.providers, provider, event_type);
    let lag = (state.clock.now() - received_at).to_std().unwrap_or_default();
    let lag = (to == EventState::Applied).then_some(lag);
    state.metrics.applied(provider, kind, to.as_str(), lag);
}

/// A span for each event; of the batch's trace where there is one.
fn told(batch: &Span, event: &InboxEvent, kind: &str, state: EventState, video_id: Option<Uuid>) {
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
