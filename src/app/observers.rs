//! The observers of what the database commits. Every one is attached here and nowhere else.
//!
//! - A [planner](crate::store::Planner) decides what a batch of webhook events does to its videos as the batch is stored.
//! - A counter sees final statuses and applied events once they are committed ([`jobs::inbox::outcome_counter`]).
//! - An announcer writes an outgoing event in the transaction of each change that is news to the application.
//!
//! All three follow the settings and maps of one snapshot: a reload replaces them together.

use std::sync::Arc;

use crate::domain::{CheckTimes, Video};
use crate::state::{AppState, ProviderSet};
use crate::store::{Intake, Store};
use crate::{http, jobs};

/// Starts the tasks that store webhook events. Must be called within a runtime.
pub(super) fn start_intake(store: &Store, providers: Arc<ProviderSet>, times: CheckTimes) -> Intake {
    Intake::start(store.clone(), jobs::inbox::planner(providers, times))
}

/// Attaches the counter and the announcer of the first snapshot; its planner came with [`start_intake`].
pub(super) fn attach_observers(state: &AppState) {
    let (providers, metrics) = (state.providers.clone(), state.metrics.clone());
    let counter = jobs::inbox::outcome_counter(providers, metrics, state.clock.clone());
    state.store.tell(counter);
    let (endpoints, providers) = (state.settings.events.endpoints.clone(), state.providers.clone());
    let payload = Box::new(move |what, video: &Video| http::payload(&providers, what, video));
    state.store.announce_to(endpoints, state.clock.clone(), payload);
}

/// Replaces all observers by those of the snapshot that a reload made. A batch that is being stored ends with the old ones.
pub(super) fn replace_observers(state: &AppState) {
    attach_observers(state);
    state
        .intake
        .plan_by(jobs::inbox::planner(state.providers.clone(), state.check_times));
}
