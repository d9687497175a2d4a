//! Telling the application: events that lie in the outbox are sent until the endpoint takes them, in the order of each
//! video's changes, for three days. Standard Webhooks 1.0.

mod address;
mod send;
mod sign;

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::{TryStreamExt, future, stream};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, field::Empty};

use self::send::{Sender, Tried};
use crate::domain::{OutgoingEvent, OutgoingState, shown_endpoint};
use crate::state::AppState;
use crate::store::{OutgoingOutcome, StoreError};
use crate::telemetry::TRACE;

/// Seconds for which one replica has an event to itself: longer than a try can take.
const LEASE_S: i64 = 60;
/// Events of an endpoint that are under way at the same time.
const AT_ONCE: usize = 8;
/// Changes of other replicas are looked for so often.
const LOOK: Duration = Duration::from_secs(1);
/// After so long an event is given up.
pub const TRIED_FOR: chrono::Duration = chrono::Duration::days(3);
/// The first wait, which doubles, and the longest.
const FIRST_WAIT_S: i64 = 2;
const LONGEST_WAIT_S: i64 = 4 * 3600;

/// Sends until `stop`. Each endpoint has a lane of its own: a dead one holds up no other.
pub async fn run(state: AppState, stop: CancellationToken) {
    let sender = match Sender::new(&state.settings.events) {
        Ok(sender) => sender,
        Err(error) => return tracing::error!(%error, "no event can be sent to the application"),
    };
    let lanes = state.settings.events.endpoints.iter();
    future::join_all(lanes.map(|endpoint| lane(&state, &sender, endpoint, &stop))).await;
}

async fn lane(state: &AppState, sender: &Sender, endpoint: &str, stop: &CancellationToken) {
    let mut changes = state.store.changes();
    while !stop.is_cancelled() {
        let sent = drain(state, sender, endpoint, stop).await;
        if let Err(error) = sent {
            error.log("the outbox could not be worked on");
            tokio::time::sleep(LOOK).await;
        }
        tokio::select! {
            () = something_changed(&mut changes) => {}
            () = tokio::time::sleep(LOOK) => {}
            () = stop.cancelled() => {}
        }
    }
}

async fn something_changed<T: Clone>(changes: &mut broadcast::Receiver<T>) {
    // Having missed some is news too.
    if let Err(broadcast::error::RecvError::Closed) = changes.recv().await {
        future::pending::<()>().await;
    }
}

/// Sends everything that is due now, once.
///
/// # Errors
/// The database fails, or no HTTP client can be made.
pub async fn pass(state: &AppState) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let sender = Sender::new(&state.settings.events)?;
    for endpoint in &state.settings.events.endpoints {
        drain(state, &sender, endpoint, &CancellationToken::new()).await?;
    }
    Ok(())
}

/// Sends what is due, a handful at a time, until nothing is or `stop` comes; what is under way is finished.
async fn drain(
    state: &AppState,
    sender: &Sender,
    endpoint: &str,
    stop: &CancellationToken,
) -> Result<(), StoreError> {
    let limit = i64::try_from(AT_ONCE).unwrap_or(1);
    while !stop.is_cancelled() {
        let now = state.clock.now();
        if !state.store.outgoing_is_due(endpoint, now).await? {
            return Ok(());
        }
        let due = state.store.lease_outgoing(endpoint, now, limit, LEASE_S).await?;
        if due.is_empty() {
            return Ok(());
        }
        stream::iter(due.into_iter().map(Ok))
            .try_for_each_concurrent(
                AT_ONCE,
                |event| async move { deliver(state, sender, &event).await },
            )
            .await?;
    }
    Ok(())
}

async fn deliver(state: &AppState, sender: &Sender, event: &OutgoingEvent) -> Result<(), StoreError> {
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
    let tried = sender
        .send(event, state.clock.now())
        .instrument(span.clone())
        .await;
    let now = state.clock.now();
    let outcome = outcome(event, &tried, now);
    span.record("http.response.status_code", tried.status);
    if outcome.state != OutgoingState::Delivered {
        span.record("otel.status_code", "ERROR");
    }
    state.metrics.delivery(match (outcome.state, outcome.disable) {
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

/// 2xx is delivered, 410 the end of the endpoint, everything else another try, later and later.
fn outcome(event: &OutgoingEvent, tried: &Tried, now: DateTime<Utc>) -> OutgoingOutcome {
    let answer_status = tried.status.map(i32::from);
    let gone = tried.status == Some(410);
    let delivered = tried.status.is_some_and(|status| (200..300).contains(&status));
    let end = event.since + TRIED_FOR;
    let state = if delivered {
        OutgoingState::Delivered
    } else if gone || now >= end {
        OutgoingState::GivenUp
    } else {
        OutgoingState::Pending
    };
    let next = (now + wait(event).max(tried.retry_after)).min(end);
    OutgoingOutcome {
        id: event.id,
        state,
        next_attempt_at: (state == OutgoingState::Pending).then_some(next),
        answer_status,
        error: (!delivered).then(|| tried.problem.clone()),
        disable: gone,
    }
}

/// 2 s, 4 s, 8 s … up to four hours, and up to a tenth more, so that events that failed together do not return
/// together.
fn wait(event: &OutgoingEvent) -> chrono::Duration {
    let seconds = FIRST_WAIT_S << event.attempts.clamp(0, 20);
    let millis = seconds.min(LONGEST_WAIT_S) * 1000;
    let (_, random) = event.id.as_u64_pair();
    let spread = i64::try_from(random % 1000).unwrap_or_default();
    chrono::Duration::milliseconds(millis + millis / 10 * spread / 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(attempts: i32, at: DateTime<Utc>) -> OutgoingEvent {
        OutgoingEvent {
            id: uuid::Uuid::nil(),
            event_id: uuid::Uuid::nil(),
            endpoint: String::new(),
            video_id: uuid::Uuid::nil(),
            version: 1,
            event_type: String::new(),
            payload: String::new(),
            state: OutgoingState::Pending,
            attempts,
            next_attempt_at: Some(at),
            answer_status: None,
            error: None,
            created_at: at,
            since: at,
            finished_at: None,
        }
    }

    #[test]
    fn it_is_tried_later_and_later_and_given_up_after_three_days() {
        let begin = DateTime::from_timestamp(1_780_000_000, 0).unwrap();
        let failed = Tried {
            status: Some(500),
            problem: "it answered 500".to_owned(),
            retry_after: chrono::Duration::zero(),
        };
        let (mut now, mut waits) = (begin, Vec::new());
        let given_up = loop {
            let event = event(i32::try_from(waits.len()).unwrap(), begin);
            let outcome = outcome(&event, &failed, now);
            let Some(next) = outcome.next_attempt_at else {
                break outcome;
            };
            waits.push((next - now).num_seconds());
            now = next;
        };
        assert_eq!(given_up.state, OutgoingState::GivenUp);
        assert_eq!(now - begin, TRIED_FOR);
        assert_eq!(waits[..4], [2, 4, 8, 16]);
        assert!((25..40).contains(&waits.len()), "{waits:?}");
    }
}
