//! Asking providers about videos that should have got further: webhooks may be lost for good.

mod deletion;
mod one;
mod proof;

use std::time::Duration;

use futures::{StreamExt, stream};
use serde::Serialize;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, field::Empty};
use uuid::Uuid;

use crate::domain::{ShownStatus, Video};
use crate::state::AppState;
use crate::store::StoreError;
use crate::telemetry::TRACE;

/// Seconds for which one replica does the background work, and for which it has a video to itself.
const LEASE_S: i64 = 90;
/// Videos of one lease: no more than are asked about at once, so that none waits while its lease runs.
const BATCH: i64 = 8;
/// Videos that are asked about at the same time.
const AT_ONCE: usize = 8;

/// What one pass did.
#[derive(Debug, Default, Serialize)]
pub struct Pass {
    /// Videos that were looked at.
    pub looked_at: usize,
    /// Those whose shown status changed.
    pub changed: Vec<Change>,
}

/// A change of a shown status.
#[derive(Debug, Serialize)]
pub struct Change {
    /// The video.
    pub video_id: Uuid,
    /// Before the pass.
    pub from: ShownStatus,
    /// After it.
    pub to: ShownStatus,
}

/// Passes until `stop`, on one replica at a time.
pub async fn run(state: AppState, stop: CancellationToken) {
    let interval = Duration::from_secs(state.settings.reconcile.interval_s);
    while !stop.is_cancelled() {
        if let Err(error) = pass_as(&state).await {
            error.log("the reconciler failed");
        }
        tokio::select! {
            () = state.due.notified() => {}
            () = tokio::time::sleep(interval) => {}
            () = stop.cancelled() => {}
        }
    }
}

async fn pass_as(state: &AppState) -> Result<(), StoreError> {
    if state.store.take_lease("reconcile", state.me, LEASE_S).await? {
        pass(state, None).await?;
    }
    Ok(())
}

/// Looks at every video that is due, or at `only` that one.
///
/// # Errors
/// The database fails.
pub async fn pass(state: &AppState, only: Option<Uuid>) -> Result<Pass, StoreError> {
    let mut done = Pass::default();
    proof::probe_halted(state).await?;
    loop {
        let due = state
            .store
            .lease_due_videos(state.clock.now(), BATCH, LEASE_S, only)
            .await?;
        let count = due.len();
        done.looked_at += count;
        let results: Vec<_> = stream::iter(due)
            .map(|video| look(state, video))
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        for result in results {
            done.changed.extend(result?);
        }
        if count == 0 || only.is_some() {
            return Ok(done);
        }
    }
}

/// How a look ended, for the metrics.
fn result(looked: &Result<ShownStatus, StoreError>, from: ShownStatus) -> &'static str {
    match looked {
        Ok(to) if *to == from => "unchanged",
        Ok(_) => "changed",
        Err(_) => "failed",
    }
}

/// Looks at one leased video and ends its lease.
async fn look(state: &AppState, video: Video) -> Result<Option<Change>, StoreError> {
    let (id, from, provider) = (video.id, video.status, video.provider.clone());
    let span = tracing::info_span!(
        target: TRACE,
        "reconcile",
        otel.name = "reconcile video",
        otel.status_code = Empty,
        video.id = %id,
        video.status = from.as_str(),
        provider,
    );
    let looked = one::look(state, video).instrument(span.clone()).await;
    state.metrics.look(&provider, result(&looked, from));
    state.store.end_lease(id).await?;
    let to = looked.inspect_err(|_| {
        span.record("otel.status_code", "ERROR");
    })?;
    if to != from {
        tracing::info!(video.id = %id, from = from.as_str(), to = to.as_str(), "reconciled");
    }
    Ok((to != from).then_some(Change {
        video_id: id,
        from,
        to,
    }))
}
