//! The observer of what the database commits, and the planner of webhook events.
//!
//! - [`Observer`] is given to the [`Store`] when it connects. It says which outgoing events a change
//!   brings, which the store writes in the change's transaction, and counts final statuses and applied events once they
//!   are committed.
//! - A [planner](crate::store::Planner) decides what a batch of webhook events does to its videos as the batch is
//!   stored.
//!
//! Both follow the settings and maps of one snapshot: a reload exchanges them together, see [`replace_observed`].

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use uuid::Uuid;

use crate::clock::Clock;
use crate::config::Endpoint;
use crate::domain::{Accounts, Announcement, CheckTimes, InboxEvent, ShownStatus, Video};
use crate::state::{AppState, ProviderSet};
use crate::store::{ChangeObserver, Intake, NewOutgoing, Store};
use crate::telemetry::Metrics;
use crate::{http, jobs};

/// Observes the changes of one process. Clones share the snapshot.
#[derive(Clone)]
pub(super) struct Observer {
    clock: Clock,
    metrics: Arc<Metrics>,
    // Why an option: the maps need the database, which needs this observer. Nothing is written before there is a
    // snapshot.
    snapshot: Arc<ArcSwapOption<Snapshot>>,
}

/// The parts of a snapshot that observing needs.
struct Snapshot {
    /// The endpoints that outgoing events are sent to. Without any none is written.
    endpoints: Vec<Endpoint>,
    providers: Arc<ProviderSet>,
}

impl std::fmt::Debug for Observer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let endpoints = self.snapshot.load().as_ref().map(|now| now.endpoints.len());
        f.debug_struct("Observer")
            .field("endpoints", &endpoints)
            .finish_non_exhaustive()
    }
}

impl Observer {
    /// Creates an observer without a snapshot: it announces nothing and counts no applied events yet.
    pub(super) fn new(clock: Clock, metrics: Arc<Metrics>) -> Self {
        Self {
            clock,
            metrics,
            snapshot: Arc::default(),
        }
    }

    /// Follows the settings and maps of `state` from the next change on.
    pub(super) fn follow(&self, state: &AppState) {
        self.snapshot.store(Some(Arc::new(Snapshot {
            endpoints: state.settings.events.endpoints.clone(),
            providers: state.providers.clone(),
        })));
    }
}

impl ChangeObserver for Observer {
    fn accounts(&self) -> Accounts {
        let snapshot = self.snapshot.load();
        snapshot
            .as_ref()
            .map(|now| now.providers.accounts().clone())
            .unwrap_or_default()
    }

    fn outgoing(&self, before: &Video, after: &Video) -> Vec<NewOutgoing> {
        let Some(snapshot) = self.snapshot.load_full() else {
            return Vec::new();
        };
        let announcements = Announcement::of_change(before, after);
        let wanted = |endpoint: &Endpoint| {
            announcements
                .iter()
                .copied()
                .find(|what| endpoint.types.contains(what))
        };
        // Why by type: every endpoint that is told the same gets the same id and the same bytes.
        let mut told: Vec<(Announcement, Uuid, Arc<str>)> = Vec::new();
        let mut outgoing = Vec::new();
        for endpoint in &snapshot.endpoints {
            let Some(announcement) = wanted(endpoint) else {
                continue;
            };
            let known = told.iter().find(|(what, ..)| *what == announcement).cloned();
            let (_, event_id, payload) = known.unwrap_or_else(|| {
                let payload = http::event_payload(&snapshot.providers, announcement, after).into();
                let made = (announcement, self.clock.new_id(), payload);
                told.push(made.clone());
                made
            });
            outgoing.push(NewOutgoing {
                id: self.clock.new_id(),
                event_id,
                endpoint: endpoint.url.clone(),
                video_id: after.id,
                version: after.version,
                announcement,
                payload,
            });
        }
        outgoing
    }

    fn video_ended(&self, provider: &str, status: ShownStatus) {
        self.metrics.record_final_status(provider, status.as_str());
    }

    fn event_applied(&self, event: &InboxEvent, video_id: Uuid) {
        if let Some(snapshot) = &*self.snapshot.load() {
            let now = self.clock.now();
            jobs::inbox::count_applied(&snapshot.providers, &self.metrics, event, video_id, now);
        }
    }
}

/// Starts the tasks that store webhook events. Must be called within a runtime.
pub(super) fn start_intake(store: &Store, providers: Arc<ProviderSet>, times: CheckTimes) -> Intake {
    Intake::start(store.clone(), jobs::inbox::planner(providers, times))
}

/// Has the observer and the planner follow the snapshot that a reload made. A batch that is being stored ends with the
/// old planner.
pub(super) fn replace_observed(observer: &Observer, state: &AppState) {
    observer.follow(state);
    state
        .intake
        .plan_by(jobs::inbox::planner(state.providers.clone(), state.check_times));
}
