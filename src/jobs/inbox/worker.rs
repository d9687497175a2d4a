//! The inbox job: takes due events in batches, and starts refreshes. The steps are numbered in the module above.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::outcome_metrics::{BatchMeter, count_one};
use super::plan::{PlanContext, plan_batch};
use super::refresh::Refresh;
use super::refresh_limit::RefreshLimit;
use super::retry::retry_later;
use crate::chain::Chain;
use crate::domain::EventState;
use crate::state::AppState;
use crate::store::{Applied, EventOutcome, StoreError};

/// Events of one transaction.
const BATCH: usize = 256;
/// Events of one transaction where the database has one writer.
// Why fewer: a webhook waits for the transaction before it. Webhooks that come at the same time share one of about
// this size.
const BATCH_OF_ONE_WRITER: usize = 8;
/// Interval at which parked events are looked through.
const SWEEP_INTERVAL: Duration = Duration::from_secs(30);
/// Longest wait for due events while no new one wakes the job; also the pause after a failure of the database.
const IDLE_INTERVAL: Duration = Duration::from_secs(1);

/// Pause after a whole batch, as a multiple of the time that it took.
// Why: behind a whole batch there is a backlog, as after a bulk replay, and webhooks need the database too.
const PAUSE_FACTOR: u32 = 2;

/// What is left to do after a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Backlog {
    /// Nothing was due.
    Empty,
    /// There was less than a whole batch, or the batch must begin again.
    Short,
    /// There was a whole batch: more is due.
    Long,
}

/// Applies events as they come until `stop`, and then waits for the refreshes that are under way.
pub async fn run(state: AppState, stop: CancellationToken) {
    let stored = state.intake.pending_signal();
    let mut sweep = tokio::time::interval(SWEEP_INTERVAL);
    let (mut refreshes, mut limit) = (JoinSet::new(), RefreshLimit::default());
    while !stop.is_cancelled() {
        let begun = Instant::now();
        let backlog = apply_next_batch(&state, &mut refreshes, &mut limit)
            .await
            .unwrap_or_else(|error| {
                error.log("webhook events could not be applied");
                Backlog::Empty
            });
        let (pause, idle) = match backlog {
            Backlog::Empty => (IDLE_INTERVAL, true),
            Backlog::Short => (Duration::ZERO, false),
            Backlog::Long => (begun.elapsed() * PAUSE_FACTOR, false),
        };
        // Why also by time: other replicas store events too, and retries become due without a signal.
        tokio::select! {
            () = stored.notified(), if idle => {}
            () = tokio::time::sleep(pause) => {}
            _ = sweep.tick() => {
                if let Err(error) = sweep_parked(&state).await {
                    error.log("parked events could not be looked through");
                }
            }
            () = stop.cancelled() => {}
        }
    }
    // Why they are waited for: an answer that is not joined is asked for again after the next start.
    while refreshes.join_next().await.is_some() {}
}

/// Applies every event that is due now. Events that need the provider's answer go on as tasks in `refreshes`; of those that
/// find no room there, each becomes due again.
///
/// # Errors
/// The database fails.
pub async fn apply_due_events(state: &AppState, refreshes: &mut JoinSet<()>) -> Result<(), StoreError> {
    let mut limit = RefreshLimit::default();
    while apply_next_batch(state, refreshes, &mut limit).await? != Backlog::Empty {}
    Ok(())
}

/// Applies one batch, and starts the refreshes that follow.
async fn apply_next_batch(
    state: &AppState,
    refreshes: &mut JoinSet<()>,
    limit: &mut RefreshLimit,
) -> Result<Backlog, StoreError> {
    // Why: finished tasks stay in the set until they are joined.
    while refreshes.try_join_next().is_some() {}
    limit.count_room(refreshes.len(), state.clock.now());
    let rows = if state.store.has_replicas() {
        BATCH
    } else {
        BATCH_OF_ONE_WRITER
    };
    let (taken, wanted) = apply_batch(state, rows, limit).await?;
    for refresh in wanted {
        let state = state.clone();
        refreshes.spawn(async move { refresh.run(&state).await });
    }
    Ok(match taken {
        0 => Backlog::Empty,
        _ if taken >= rows => Backlog::Long,
        _ => Backlog::Short,
    })
}

/// Makes parked events due whose video is known by now, and gives up those that waited longer than `inbox.park_for_h`.
///
/// # Errors
/// The database fails.
pub async fn sweep_parked(state: &AppState) -> Result<(), StoreError> {
    let now = state.clock.now();
    let released = state.store.release_parked(now).await?;
    let hours = i64::from(state.settings.inbox.park_for_h);
    let given_up = state
        .store
        .give_up_parked(now - chrono::Duration::hours(hours))
        .await?;
    if released + given_up > 0 {
        tracing::info!(released, given_up, "parked webhook events looked through");
    }
    Ok(())
}

/// Applies one batch in one transaction, or its events one by one where the batch is refused for what is in it. Returns the
/// number of events that were taken (1 for a batch that must begin again), and the refreshes that follow.
async fn apply_batch(
    state: &AppState,
    rows: usize,
    limit: &mut RefreshLimit,
) -> Result<(usize, Vec<Refresh>), StoreError> {
    let now = state.clock.now();
    let rows = i64::try_from(rows).unwrap_or(i64::MAX);
    let (mut refreshes, mut meter) = (Vec::new(), BatchMeter::default());
    match state
        .store
        .apply_due(now, rows, None, |due| {
            let mut plan = plan_batch(PlanContext::from_state(state), due, now, &mut refreshes);
            limit.cut(&mut plan, &mut refreshes);
            meter.note_plan(state, due, plan)
        })
        .await
    {
        Ok(Applied { taken, .. }) => {
            meter.count(state);
            Ok((taken, refreshes))
        }
        // Another writer came in between: nothing was written, and the events are still due. Why 1: the loop must go on.
        Err(StoreError::Contended) => Ok((1, Vec::new())),
        Err(error) if error.is_bad_row() => apply_one_by_one(state, now, rows, limit, &error).await,
        Err(error) => Err(error),
    }
}

/// Applies up to `rows` due events in a transaction each, after a batch was refused because of `batch_error`.
async fn apply_one_by_one(
    state: &AppState,
    now: DateTime<Utc>,
    rows: i64,
    limit: &mut RefreshLimit,
    batch_error: &StoreError,
) -> Result<(usize, Vec<Refresh>), StoreError> {
    tracing::warn!(
        error = %Chain(batch_error),
        "a batch of webhook events failed; applying them one by one"
    );
    let due = state.store.due_event_ids(now, rows).await?;
    let mut refreshes = Vec::new();
    for id in &due {
        let mut meter = BatchMeter::default();
        let one = state
            .store
            .apply_due(now, 1, Some(*id), |due| {
                let mut plan = plan_batch(PlanContext::from_state(state), due, now, &mut refreshes);
                limit.cut(&mut plan, &mut refreshes);
                meter.note_plan(state, due, plan)
            })
            .await;
        match one {
            Ok(_) => meter.count(state),
            // Another writer has it, or came in between: the event is still due.
            Err(StoreError::Contended) => {}
            Err(error) if error.is_bad_row() => put_off(state, *id, now, &error).await?,
            Err(error) => return Err(error),
        }
    }
    Ok((due.len(), refreshes))
}

/// Finishes an event that the database refused. An id of another video will not go away, so the event has failed;
/// everything else is tried again, see [`retry_later`]. The event stays visible with its error.
async fn put_off(
    state: &AppState,
    id: Uuid,
    now: DateTime<Utc>,
    error: &StoreError,
) -> Result<(), StoreError> {
    let Some(event) = state.store.find_event(id).await? else {
        return Ok(());
    };
    let conflict = matches!(error, StoreError::IdentityTaken);
    let outcome = if conflict {
        EventOutcome {
            state: EventState::Failed,
            error: Some(error.to_string()),
            ..EventOutcome::leave_as_is(&event)
        }
    } else {
        retry_later(state, &event, now, error.to_string())
    };
    state.store.finish_event(&outcome).await?;
    count_one(state, &event, &outcome);
    Ok(())
}
