//! The worker: takes wishes that are due, under leases.

use std::time::Duration;

use futures::{StreamExt, stream};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::advance::advance;
use super::next::LEASE_S;
use crate::domain::Move;
use crate::state::AppState;
use crate::store::StoreError;
use crate::telemetry::TRACE;

/// Wishes that are taken at a time.
const BATCH: i64 = 8;
/// Wishes that are worked on at the same time.
const CONCURRENCY: usize = 8;
/// Interval between two looks for wishes that are due.
const INTERVAL: Duration = Duration::from_secs(2);

/// Works off wishes until `stop`.
pub async fn run(state: AppState, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if let Err(error) = run_due_moves(&state, &stop).await {
            error.log("moves could not be worked on");
        }
        tokio::select! {
            () = state.wake_mover.notified() => {}
            () = tokio::time::sleep(INTERVAL) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// Takes every wish that is due a step further; none after `stop`. Returns how many.
///
/// # Errors
/// The database fails.
pub async fn run_due_moves(state: &AppState, stop: &CancellationToken) -> Result<usize, StoreError> {
    let mut count = 0;
    // Why a read first: an idle worker never waits for SQLite's one writer.
    while !stop.is_cancelled() && state.store.has_due_moves(state.clock.now()).await? {
        let due = state
            .store
            .lease_due_moves(state.clock.now(), BATCH, LEASE_S)
            .await?;
        if due.is_empty() {
            break;
        }
        count += due.len();
        let results: Vec<_> = stream::iter(due)
            .map(|wish| advance_traced(state, wish))
            .buffer_unordered(CONCURRENCY)
            .collect()
            .await;
        // Why after all of them: an error of one wish must not drop the others that are under way.
        for result in results {
            result?;
        }
    }
    Ok(count)
}

async fn advance_traced(state: &AppState, wish: Move) -> Result<(), StoreError> {
    let span = tracing::info_span!(
        target: TRACE,
        "move",
        otel.name = "move video",
        video.id = %wish.video_id,
        from = wish.from_provider,
        to = wish.to_provider,
        state = wish.state.as_str(),
    );
    advance(state, wish).instrument(span).await
}
