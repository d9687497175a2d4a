//! The inbox job: takes due events in batches, and starts refreshes. The steps are numbered in the module above.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::outcome_metrics::{BatchMeter, count_one};
use super::plan::{PlanContext, plan_batch};
use super::refresh::Refresh;
use super::retry::retry_later;
use crate::chain::Chain;
use crate::domain::EventState;
use crate::state::AppState;
use crate::store::{Applied, EventOutcome, StoreError};

/// Events of one transaction.
const BATCH: i64 = 256;
/// Interval at which parked events are looked through.
const SWEEP_INTERVAL: Duration = Duration::from_secs(30);
/// Longest wait for due events while no new one wakes the job; also the pause after a failure of the database.
const IDLE_INTERVAL: Duration = Duration::from_secs(1);

/// Applies events as they come until `stop`, and then waits for the refreshes that are under way.
pub async fn run(state: AppState, stop: CancellationToken) {
    let stored = state.intake.pending_signal();
    let mut sweep = tokio::time::interval(SWEEP_INTERVAL);
    let mut refreshes = JoinSet::new();
    while !stop.is_cancelled() {
        if let Err(error) = apply_due_events(&state, &mut refreshes).await {
            error.log("webhook events could not be applied");
            tokio::time::sleep(IDLE_INTERVAL).await;
        }
        // Why: finished tasks stay in the set until they are joined.
        while refreshes.try_join_next().is_some() {}
        // Why also by time: other replicas store events too, and retries become due without a signal.
        tokio::select! {
            () = stored.notified() => {}
            () = tokio::time::sleep(IDLE_INTERVAL) => {}
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

/// Applies every event that is due now. Events that need the provider's answer go on as tasks in `refreshes`.
///
/// # Errors
/// The database fails.
pub async fn apply_due_events(state: &AppState, refreshes: &mut JoinSet<()>) -> Result<(), StoreError> {
    loop {
        let (taken, wanted) = apply_batch(state).await?;
        for refresh in wanted {
            let state = state.clone();
            refreshes.spawn(async move { refresh.run(&state).await });
        }
        if taken == 0 {
            return Ok(());
        }
    }
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
async fn apply_batch(state: &AppState) -> Result<(usize, Vec<Refresh>), StoreError> {
    let now = state.clock.now();
    let (mut refreshes, mut meter) = (Vec::new(), BatchMeter::default());
    match state
        .store
        .apply_due(now, BATCH, None, |due| {
            let plan = plan_batch(PlanContext::from_state(state), due, now, &mut refreshes);
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
        Err(error) if error.is_bad_row() => apply_one_by_one(state, now, &error).await,
        Err(error) => Err(error),
    }
}

/// Applies due events in a transaction each, after a batch was refused because of `batch_error`.
async fn apply_one_by_one(
    state: &AppState,
    now: DateTime<Utc>,
    batch_error: &StoreError,
) -> Result<(usize, Vec<Refresh>), StoreError> {
    tracing::warn!(
        error = %Chain(batch_error),
        "a batch of webhook events failed; applying them one by one"
    );
    let due = state.store.due_event_ids(now, BATCH).await?;
    let mut refreshes = Vec::new();
    for id in &due {
        let mut meter = BatchMeter::default();
        let one = state
            .store
            .apply_due(now, 1, Some(*id), |due| {
                let plan = plan_batch(PlanContext::from_state(state), due, now, &mut refreshes);
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
