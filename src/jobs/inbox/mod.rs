//! Applying webhook events: each joined into its video, exactly once in effect.

mod counted;
mod plan;
mod refresh;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::counted::Counted;
pub use self::counted::counting;
use self::plan::Means;
pub use self::refresh::Refresh;
use crate::chain::Chain;
use crate::domain::{CheckTimes, EventState};
use crate::state::{AppState, ProviderSet};
use crate::store::{Applied, EventOutcome, Planner, StoreError};

/// Events of one transaction.
const BATCH: i64 = 256;
/// Parked events are looked through so often.
const SWEEP: Duration = Duration::from_secs(30);
/// Longest wait between two tries of an event.
const LONGEST_BACKOFF_S: i64 = 3600;

/// Decides what a batch does to its videos as it comes in. What needs the provider's word stays pending.
pub fn planner(providers: Arc<ProviderSet>, check_times: CheckTimes) -> Box<Planner> {
    Box::new(move |due, now| {
        let means = Means {
            providers: &providers,
            check_times: &check_times,
        };
        plan::plan(means, due, now, &mut Vec::new())
    })
}

/// Applies events as they come until `stop`.
pub async fn run(state: AppState, stop: CancellationToken) {
    let stored = state.intake.stored();
    let mut sweep = tokio::time::interval(SWEEP);
    let mut refreshes = JoinSet::new();
    while !stop.is_cancelled() {
        if let Err(error) = drain(&state, &mut refreshes).await {
            error.log("webhook events could not be applied");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        while refreshes.try_join_next().is_some() {}
        tokio::select! {
            () = stored.notified() => {}
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            _ = sweep.tick() => {
                if let Err(error) = sweep_parked(&state).await {
                    error.log("parked events could not be looked through");
                }
            }
            () = stop.cancelled() => {}
        }
    }
    while refreshes.join_next().await.is_some() {}
}

/// Applies everything that is due now; what needs the provider's word goes on in `refreshes`.
///
/// # Errors
/// The database fails.
pub async fn drain(state: &AppState, refreshes: &mut JoinSet<()>) -> Result<(), StoreError> {
    loop {
        let (taken, wanted) = one_batch(state).await?;
        for refresh in wanted {
            let state = state.clone();
            refreshes.spawn(async move { refresh.run(&state).await });
        }
        if taken == 0 {
            return Ok(());
        }
    }
}

/// Releases parked events whose video is known by now; gives up those that waited too long.
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

/// One batch in one transaction; where the batch is refused, its events one by one, so that a bad one holds up no
/// other. Returns how many events were taken.
async fn one_batch(state: &AppState) -> Result<(usize, Vec<Refresh>), StoreError> {
    let now = state.clock.now();
    let (mut refreshes, mut counted) = (Vec::new(), Counted::default());
    match state
        .store
        .apply_due(now, BATCH, None, |due| {
            counted.watch(state, due, plan::plan(Means::of(state), due, now, &mut refreshes))
        })
        .await
    {
        Ok(Applied { taken, .. }) => {
            counted.end(state);
            Ok((taken, refreshes))
        }
        // Another writer came in between: nothing was written, the events are still due.
        Err(StoreError::Contended) => Ok((1, Vec::new())),
        Err(error) if error.is_of_a_row() => one_by_one(state, now, &error).await,
        Err(error) => Err(error),
    }
}

async fn one_by_one(
    state: &AppState,
    now: DateTime<Utc>,
    why: &StoreError,
) -> Result<(usize, Vec<Refresh>), StoreError> {
    tracing::warn!(
        error = %Chain(why),
        "a batch of webhook events failed; applying them one by one"
    );
    let due = state.store.due_event_ids(now, BATCH).await?;
    let mut refreshes = Vec::new();
    for id in &due {
        let mut counted = Counted::default();
        let one = state
            .store
            .apply_due(now, 1, Some(*id), |due| {
                counted.watch(state, due, plan::plan(Means::of(state), due, now, &mut refreshes))
            })
            .await;
        match one {
            Ok(_) => counted.end(state),
            Err(StoreError::Contended) => {}
            Err(error) if error.is_of_a_row() => put_off(state, *id, now, &error).await?,
            Err(error) => return Err(error),
        }
    }
    Ok((due.len(), refreshes))
}

/// The event stays visible with its error, and is tried again later and later.
async fn put_off(
    state: &AppState,
    id: uuid::Uuid,
    now: DateTime<Utc>,
    error: &StoreError,
) -> Result<(), StoreError> {
    let Some(event) = state.store.event(id).await? else {
        return Ok(());
    };
    let conflict = matches!(error, StoreError::IdentityTaken);
    let outcome = if conflict {
        EventOutcome {
            state: EventState::Failed,
            error: Some(error.to_string()),
            ..EventOutcome::of(&event)
        }
    } else {
        later(state, &event, now, error.to_string())
    };
    state.store.finish_event(&outcome).await?;
    counted::one(state, &event, &outcome);
    Ok(())
}

/// Another try, later; or none, where there were enough.
fn later(
    state: &AppState,
    event: &crate::domain::InboxEvent,
    now: DateTime<Utc>,
    error: String,
) -> EventOutcome {
    let attempts = event.attempts + 1;
    let enough = attempts >= i32::try_from(state.settings.inbox.max_attempts).unwrap_or(i32::MAX);
    let wait = chrono::Duration::seconds((1_i64 << attempts.clamp(0, 20)).min(LONGEST_BACKOFF_S));
    EventOutcome {
        state: if enough {
            EventState::GivenUp
        } else {
            EventState::Pending
        },
        attempts,
        next_attempt_at: (!enough).then_some(now + wait),
        error: Some(error),
        ..EventOutcome::of(event)
    }
}
