//! The reconciler: passes over the videos that are due. The steps are numbered in the module above.

use std::time::Duration;

use futures::{StreamExt, stream};
use serde::Serialize;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, field::Empty};
use uuid::Uuid;

use super::look::look_at;
use super::proof::probe_halted;
use crate::domain::{ShownStatus, Video};
use crate::jobs::expiry::delete_expired;
use crate::state::AppState;
use crate::store::StoreError;
use crate::telemetry::TRACE;

/// Life of two leases, in seconds: the one of the pass, and the one of each video that is looked at.
///
/// A pass may outlive its own lease. Another replica may begin one then; the leases of the videos keep the two apart.
const LEASE_S: i64 = 90;
/// Videos that are taken at a time.
///
/// Why as many as [`CONCURRENCY`]: none waits while its lease runs.
const BATCH: i64 = 8;
/// Videos that are looked at at the same time.
const CONCURRENCY: usize = 8;

/// The result of one pass.
#[derive(Debug, Default, Serialize)]
pub struct Pass {
    /// The number of videos that were looked at.
    pub looked_at: usize,
    /// Changes of shown statuses.
    pub changed: Vec<Change>,
}

/// The change of one video's shown status.
#[derive(Debug, Serialize)]
pub struct Change {
    /// The video.
    pub video_id: Uuid,
    /// The status before the pass.
    pub from: ShownStatus,
    /// The status after it.
    pub to: ShownStatus,
}

/// Makes passes until `stop`, on one replica at a time.
pub async fn run(state: AppState, stop: CancellationToken) {
    let interval = Duration::from_secs(state.settings.reconcile.interval_s);
    while !stop.is_cancelled() {
        if let Err(error) = pass_with_lease(&state).await {
            error.log("the reconciler failed");
        }
        // A wake-up on a replica without the lease is lost: the next pass of its holder finds the video.
        tokio::select! {
            () = state.wake_reconciler.notified() => {}
            () = tokio::time::sleep(interval) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// Makes a pass, where this replica has or gets the lease.
async fn pass_with_lease(state: &AppState) -> Result<(), StoreError> {
    if state
        .store
        .take_lease("reconcile", state.replica_id, LEASE_S)
        .await?
    {
        run_pass(state, None).await?;
    }
    Ok(())
}

/// Looks at every video that is due; with `only`, at that one alone, due or not.
///
/// # Errors
/// The database fails. Providers that fail are logged, and asked again later.
pub async fn run_pass(state: &AppState, only: Option<Uuid>) -> Result<Pass, StoreError> {
    let mut done = Pass::default();
    probe_halted(state).await?;
    if only.is_none() {
        delete_expired(state).await?;
    }
    loop {
        let due = state
            .store
            .lease_due_videos(state.clock.now(), BATCH, LEASE_S, only)
            .await?;
        let count = due.len();
        done.looked_at += count;
        let results: Vec<_> = stream::iter(due)
            .map(|video| look_under_lease(state, video))
            .buffer_unordered(CONCURRENCY)
            .collect()
            .await;
        // Why after all of them: an error of one video must not drop the looks that are under way.
        for result in results {
            done.changed.extend(result?);
        }
        // Why one round for `only`: it is taken whether it is due or not, so it would be taken again.
        if count == 0 || only.is_some() {
            return Ok(done);
        }
    }
}

/// Returns the result of a look, for the metrics.
fn result_label(looked: &Result<ShownStatus, StoreError>, from: ShownStatus) -> &'static str {
    match looked {
        Ok(to) if *to == from => "unchanged",
        Ok(_) => "changed",
        Err(_) => "failed",
    }
}

/// Looks at one leased video, measures it, and ends its lease.
async fn look_under_lease(state: &AppState, video: Video) -> Result<Option<Change>, StoreError> {
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
    let looked = look_at(state, video).instrument(span.clone()).await;
    state
        .metrics
        .record_lookup(&provider, result_label(&looked, from));
    // Why before the error is passed on: the next pass need not wait until the lease runs out.
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
