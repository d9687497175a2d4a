//! The running service: its tasks, its reload, and the order in which its parts end.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::signals::Stop;
use crate::app::{App, LocalApp, Reloader};
use crate::http::server;
use crate::state::AppState;
use crate::{jobs, live};

/// Longest wait for requests, and then for jobs, at the end.
const GRACE: Duration = Duration::from_secs(20);

/// Longest wait for the inner listener: by then all who call it have ended.
const INNER_GRACE: Duration = Duration::from_secs(2);

/// All tasks of the service, and the tokens that end them.
///
/// The public listener is the outer one. The inner one, on a loopback address, serves the built-in provider to the
/// service itself.
pub(super) struct Running {
    reloader: Reloader,
    /// Whether the service runs in development mode: then no other system needs time to notice its end.
    development: bool,
    outer: JoinHandle<()>,
    jobs: TaskTracker,
    inner: TaskTracker,
    stop_outer: CancellationToken,
    stop_jobs: CancellationToken,
    /// Ends the jobs that depend on settings; a child of `stop_jobs`. A reload replaces them and this token.
    stop_reloadable: CancellationToken,
    stop_inner: CancellationToken,
}

impl Running {
    /// Starts the jobs, the inner listener, the listener of metrics and the public listener.
    pub(super) fn start(app: App, reloader: Reloader) -> Self {
        let App {
            state,
            listener,
            served,
            local,
            metrics,
            development,
            ..
        } = app;
        let (stop_outer, stop_jobs, stop_inner) = (
            CancellationToken::new(),
            CancellationToken::new(),
            CancellationToken::new(),
        );
        let (jobs, inner) = (TaskTracker::new(), TaskTracker::new());
        let stop_reloadable = stop_jobs.child_token();
        if !state.tickets.has_key() {
            tracing::warn!(
                "the database has no tables yet: run yourbit-video migrate; readyz says no until then"
            );
        }
        spawn_when_ready(&state, &jobs, &stop_reloadable, spawn_reloadable_jobs);
        spawn_when_ready(&state, &jobs, &stop_jobs, spawn_live_updates);
        spawn_when_ready(&state, &jobs, &stop_jobs, spawn_heartbeat);
        if let Some(local) = local {
            spawn_local(local, &jobs, &stop_jobs, &inner, &stop_inner);
        }
        if let Some((listener, shown)) = metrics {
            // Why untracked: metrics are read during the whole drain, and end with the process.
            tokio::spawn(server::serve_inner(
                listener,
                shown.router(),
                CancellationToken::new(),
            ));
        }
        let outer = tokio::spawn(server::serve(listener, served, stop_outer.clone()));
        Self {
            reloader,
            development: development.is_some(),
            outer,
            jobs,
            inner,
            stop_outer,
            stop_jobs,
            stop_reloadable,
            stop_inner,
        }
    }

    /// Replaces settings, maps and secrets by what the files say now, and restarts the jobs that depend on them. After
    /// an error everything stays as it was, and the error is logged.
    pub(super) async fn reload(&mut self) {
        let kept = match self.reloader.reload().await {
            Ok(kept) => kept,
            Err(error) => {
                let error = error.to_string().replace('\n', "; ");
                return tracing::error!("not reloaded, everything stays as it was: {error}");
            }
        };
        // Why the old jobs are not waited for: for a moment each job runs twice, and all are safe to run twice.
        self.stop_reloadable.cancel();
        self.stop_reloadable = self.stop_jobs.child_token();
        spawn_when_ready(
            self.reloader.state(),
            &self.jobs,
            &self.stop_reloadable,
            spawn_reloadable_jobs,
        );
        if !kept.is_empty() {
            let kept = kept.join(", ");
            tracing::warn!("changed, but only a new start takes it over: {kept}");
        }
        tracing::info!("reloaded: settings, maps and secrets are what the files say now");
    }

    /// Ends the service, from the outside to the inside, so that each part ends while the parts that it needs still
    /// run:
    ///
    /// 1. `readyz` answers 503 and requests are still served for `http.drain_s`, until load balancers have noticed.
    /// 2. Event streams end.
    /// 3. The public listener closes, and requests that run are waited for, at most [`GRACE`].
    /// 4. Jobs end, at most [`GRACE`].
    /// 5. The inner listener ends, at most [`INNER_GRACE`]: requests and jobs call the built-in provider through it.
    /// 6. The leases of this process end, so that nobody waits for them to run out.
    /// 7. The database is closed.
    ///
    /// Jobs that do not end in time are cut off, which is safe: they continue after the next start.
    pub(super) async fn drain(self, stop: Stop) {
        let state = self.reloader.state();
        let drain_s = match stop {
            Stop::Terminate if !self.development => state.settings.http.drain_s,
            // Why at once: no load balancer leads requests to a service that runs at a terminal.
            Stop::Terminate | Stop::Interrupt => 0,
        };
        match stop {
            Stop::Terminate => {
                tracing::info!(drain_s, "stopping: readyz says no, requests are still taken");
            }
            Stop::Interrupt => {
                tracing::info!("stopping: what runs is finished; Ctrl-C again ends it at once");
            }
        }
        state.stopping.store(true, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_secs(drain_s)).await;
        // Why before the listener: event streams do not end by themselves, and the wait for requests would run out.
        state.end_streams.cancel();
        self.stop_outer.cancel();
        if tokio::time::timeout(GRACE, self.outer).await.is_err() {
            tracing::warn!("some requests take too long to wait for");
        }
        self.stop_jobs.cancel();
        // Why: `TaskTracker::wait` returns only once the tracker is closed.
        self.jobs.close();
        if tokio::time::timeout(GRACE, self.jobs.wait()).await.is_err() {
            tracing::warn!("some jobs take too long to wait for; they go on after the next start");
        }
        self.stop_inner.cancel();
        self.inner.close();
        let _late = tokio::time::timeout(INNER_GRACE, self.inner.wait()).await;
        if let Err(error) = state.store.end_leases_of(state.replica_id).await {
            error.log("the leases of this process could not be given back");
        }
        state.store.close().await;
    }
}

/// Starts the built-in provider ([`LocalApp`]): its lease and its inner listener among `inner`, its own jobs among
/// `jobs`.
fn spawn_local(
    local: LocalApp,
    jobs: &TaskTracker,
    stop_jobs: &CancellationToken,
    inner: &TaskTracker,
    stop_inner: &CancellationToken,
) {
    if let Some(lease) = local.lease {
        // Why among `inner`: requests and jobs use the provider until the inner listener ends, and the lease must last
        // as long.
        inner.spawn(lease.hold_until(stop_inner.clone()));
    }
    let stop = stop_inner.clone();
    inner.spawn(async move {
        let serving = server::serve_inner(local.listener, local.served.router(), stop);
        if let Err(error) = serving.await {
            tracing::error!(%error, "the inner listener failed");
        }
    });
    let stop = stop_jobs.clone();
    jobs.spawn(async move { local.local.run(stop).await });
}

/// Calls `spawn` now, or as soon as the database has tables.
// Why: without tables every job would fail and log errors.
fn spawn_when_ready(
    state: &AppState,
    jobs: &TaskTracker,
    stop: &CancellationToken,
    spawn: fn(&AppState, &TaskTracker, &CancellationToken),
) {
    // Why a fast path: the keys of tickets are read from the tables, so a process that has the keys has tables.
    if state.tickets.has_key() {
        return spawn(state, jobs, stop);
    }
    let (state, tracker, stop) = (state.clone(), jobs.clone(), stop.clone());
    jobs.spawn(async move {
        tokio::select! {
            () = state.wait_until_ready() => spawn(&state, &tracker, &stop),
            () = stop.cancelled() => {}
        }
    });
}

/// Spawns the jobs that depend on settings, maps or keys: a reload restarts them.
fn spawn_reloadable_jobs(state: &AppState, jobs: &TaskTracker, stop: &CancellationToken) {
    jobs.spawn(jobs::inbox::run(state.clone(), stop.clone()));
    jobs.spawn(jobs::outbox::run(state.clone(), stop.clone()));
    jobs.spawn(jobs::reconcile::run(state.clone(), stop.clone()));
    jobs.spawn(jobs::replace::run(state.clone(), stop.clone()));
    jobs.spawn(jobs::erasure::run(state.clone(), stop.clone()));
    jobs.spawn(jobs::moves::run(state.clone(), stop.clone()));
    jobs.spawn(jobs::keys::run(state.clone(), stop.clone()));
    jobs.spawn(jobs::retention::run(state.clone(), stop.clone()));
    jobs.spawn(jobs::titles::run(state.clone(), stop.clone()));
}

/// Spawns the job that hands changes of videos to event streams ([`live::run`]); it lives as long as the service.
fn spawn_live_updates(state: &AppState, jobs: &TaskTracker, stop: &CancellationToken) {
    let listen_url = listen_url(&state.settings.database);
    let (hub, store, me) = (state.hub.clone(), state.store.clone(), state.replica_id);
    jobs.spawn(live::run(hub, store, listen_url, me, stop.clone()));
}

/// Spawns the job that renews the row of this process ([`jobs::heartbeat`]); it lives as long as the service.
fn spawn_heartbeat(state: &AppState, jobs: &TaskTracker, stop: &CancellationToken) {
    jobs.spawn(jobs::heartbeat::run(state.clone(), stop.clone()));
}

/// Returns the database URL for LISTEN.
// Why: LISTEN needs a session of its own, which a transaction pooler does not give.
fn listen_url(settings: &crate::config::Database) -> String {
    let direct = &settings.direct_url;
    if direct.is_empty() {
        settings.url.clone()
    } else {
        direct.clone()
    }
}
