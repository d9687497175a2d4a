//! The outbox job: one sender an endpoint. The steps are numbered in the module above.

use std::time::Duration;

use futures::{TryStreamExt, future, stream};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, field::Empty};

use super::retry::outcome_of;
use super::send::Sender;
use crate::domain::{OutgoingEvent, OutgoingState, shown_endpoint};
use crate::state::AppState;
use crate::store::StoreError;
use crate::telemetry::TRACE;

/// Time for which one replica has an event to itself, in seconds. Why 60: longer than an attempt can take, see `send`.
const LEASE_S: i64 = 60;
/// Events of one endpoint that are under way at the same time.
const CONCURRENCY: usize = 8;
/// Longest wait for due events while no change of this process wakes the sender: other replicas write events too. Also the
/// pause after a failure of the database.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Sends events until `stop`, with one sender for each endpoint.
pub async fn run(state: AppState, stop: CancellationToken) {
    let sender = match Sender::new(&state.settings.events) {
        Ok(sender) => sender,
        Err(error) => return tracing::error!(%error, "no event can be sent to the application"),
    };
    let endpoints = state.settings.events.endpoints.iter();
    future::join_all(endpoints.map(|endpoint| serve_endpoint(&state, &sender, &endpoint.url, &stop))).await;
}

/// Sends the events of one endpoint until `stop`.
async fn serve_endpoint(state: &AppState, sender: &Sender, endpoint: &str, stop: &CancellationToken) {
    // Why before the first round: a change that comes during it must wake the next one.
    let mut changes = state.store.subscribe_changes();
    while !stop.is_cancelled() {
        let sent = send_due(state, sender, endpoint, stop).await;
        if let Err(error) = sent {
            error.log("the outbox could not be worked on");
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        tokio::select! {
            () = wait_for_change(&mut changes) => {}
            () = tokio::time::sleep(POLL_INTERVAL) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// Waits until a video changes in this process; for ever once the store is gone.
async fn wait_for_change<T: Clone>(changes: &mut broadcast::Receiver<T>) {
    // Having missed some changes is a change too.
    if let Err(broadcast::error::RecvError::Closed) = changes.recv().await {
        future::pending::<()>().await;
    }
}

/// Sends every event that is due now to all endpoints, one endpoint after another.
///
/// # Errors
/// The database fails, or no HTTP client can be made. A delivery that fails is no error: it is tried again later.
pub async fn send_due_events(state: &AppState) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let sender = Sender::new(&state.settings.events)?;
    for endpoint in &state.settings.events.endpoints {
        send_due(state, &sender, &endpoint.url, &CancellationToken::new()).await?;
    }
    Ok(())
}

/// Sends due events of one endpoint until none is due or `stop` comes. Attempts that are under way are finished.
async fn send_due(
    state: &AppState,
    sender: &Sender,
    endpoint: &str,
    stop: &CancellationToken,
) -> Result<(), StoreError> {
    let limit = i64::try_from(CONCURRENCY).unwrap_or(1);
    while !stop.is_cancelled() {
        let now = state.clock.now();
        // Why: fast path. A read, so that an idle sender never waits for SQLite's one writer.
        if !state.store.has_due_outgoing(endpoint, now).await? {
            return Ok(());
        }
        // Why as many as are sent at once: none waits while its lease runs.
        let due = state.store.lease_outgoing(endpoint, now, limit, LEASE_S).await?;
        if due.is_empty() {
            return Ok(());
        }
        stream::iter(due.into_iter().map(Ok))
            .try_for_each_concurrent(CONCURRENCY, |event| async move {
                deliver_event(state, sender, &event).await
            })
            .await?;
    }
    Ok(())
}

/// Makes one attempt at one event, measures it, and writes its outcome.
async fn deliver_event(state: &AppState, sender: &Sender, event: &OutgoingEvent) -> Result<(), StoreError> {
    let endpoint = shown_endpoint(&event.endpoint);
    let span = tracing::info_span!(
        target: TRACE,
        "deliver",
        otel.name = "outbox send",
        otel.kind = "producer",
        otel.status_code = Empty,
        http.response.status_code = Empty,
        endpoint,
        event.id = %event.id,
        video.id = %event.video_id,
    );
    let attempt = sender
        .send(event, state.clock.now())
        .instrument(span.clone())
        .await;
    let now = state.clock.now();
    let outcome = outcome_of(event, &attempt, now);
    span.record("http.response.status_code", attempt.status);
    if outcome.state != OutgoingState::Delivered {
        span.record("otel.status_code", "ERROR");
    }
    state
        .metrics
        .record_delivery(match (outcome.state, outcome.disable) {
            (_, true) => "disabled",
            (OutgoingState::Pending, _) => "failed",
            (ended, _) => ended.as_str(),
        });
    match (outcome.state, outcome.disable) {
        (_, true) => {
            tracing::warn!(endpoint, event.id = %event.id, "the endpoint answered 410: nothing is sent there any more");
        }
        (OutgoingState::GivenUp, _) => {
            tracing::warn!(endpoint, event.id = %event.id, error = outcome.error, "an event for the application is given up");
        }
        (OutgoingState::Pending, _) => {
            tracing::debug!(endpoint, event.id = %event.id, error = outcome.error, "an event was not taken");
        }
        (OutgoingState::Delivered, _) => {}
    }
    state.store.finish_outgoing(&event.endpoint, &outcome, now).await
}
