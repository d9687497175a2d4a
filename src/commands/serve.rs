//! `yourbit-video serve`: until SIGTERM, and then to a good end.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::CommandError;
use crate::clock::Clock;
use crate::config::{Environment, Settings};
use crate::http::server;
use crate::state::AppState;
use crate::wiring::{App, StartError};
use crate::{jobs, live, telemetry};

/// What still runs after the drain gets so long to finish.
const GRACE: Duration = Duration::from_secs(20);

/// Serves until a signal, then drains.
pub(super) async fn serve(settings: Settings, env: &Environment) -> Result<(), CommandError> {
    let export = telemetry::start_with_export(&settings.log, env).map_err(StartError::from)?;
    let app = App::build(settings, env, Clock::system()).await?;
    greet(&app);
    let ended = run(app, stop_signal()?).await;
    export.finish().await;
    ended
}

/// Serves `app` until a signal comes; a second one does not wait for anything.
async fn run(app: App, mut signal: impl AsyncFnMut()) -> Result<(), CommandError> {
    let running = Running::start(app);
    signal().await;
    tokio::select! {
        () = running.drain() => tracing::info!("stopped"),
        () = signal() => tracing::warn!("a second signal: stopped at once"),
    }
    Ok(())
}

/// Everything that runs, and how it is ended.
struct Running {
    state: AppState,
    /// Nobody needs time to notice that this machine's developer stops.
    drain_s: u64,
    outer: JoinHandle<()>,
    jobs: TaskTracker,
    inner: TaskTracker,
    stop_outer: CancellationToken,
    stop_jobs: CancellationToken,
    stop_inner: CancellationToken,
}

impl Running {
    fn start(app: App) -> Self {
        let App {
            state,
            listener,
            router,
            local,
            metrics,
            development,
        } = app;
        let (stop_outer, stop_jobs, stop_inner) = (
            CancellationToken::new(),
            CancellationToken::new(),
            CancellationToken::new(),
        );
        let (jobs, inner) = (TaskTracker::new(), TaskTracker::new());
        spawn_jobs_in_time(&state, &jobs, &stop_jobs);
        if let Some(local) = local {
            let stop = stop_inner.clone();
            inner.spawn(async move {
                let serving = axum::serve(local.listener, local.router);
                if let Err(error) = serving.with_graceful_shutdown(stop.cancelled_owned()).await {
                    tracing::error!(%error, "the inner listener failed");
                }
            });
            let stop = stop_jobs.clone();
            jobs.spawn(async move { local.local.run(stop).await });
        }
        if let Some((listener, router)) = metrics {
            // Seen to the very end: it ends with the process.
            tokio::spawn(axum::serve(listener, router).into_future());
        }
        let (serving, stop) = (state.clone(), stop_outer.clone());
        let outer = tokio::spawn(async move {
            server::serve(listener, router, &serving.settings.http, stop).await;
        });
        let drain_s = if development {
            0
        } else {
            state.settings.http.drain_s
        };
        Self {
            state,
            drain_s,
            outer,
            jobs,
            inner,
            stop_outer,
            stop_jobs,
            stop_inner,
        }
    }

    /// `readyz` says no, requests end, then jobs, and the inner listener last: what jobs have to say goes through it.
    async fn drain(self) {
        tracing::info!(
            drain_s = self.drain_s,
            "stopping: readyz says no, requests are still taken"
        );
        self.state.stopping.store(true, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_secs(self.drain_s)).await;
        self.state.stopped.cancel();
        self.stop_outer.cancel();
        if tokio::time::timeout(GRACE, self.outer).await.is_err() {
            tracing::warn!("some requests take too long to wait for");
        }
        self.stop_jobs.cancel();
        self.jobs.close();
        if tokio::time::timeout(GRACE, self.jobs.wait()).await.is_err() {
            tracing::warn!("some jobs take too long to wait for; they go on after the next start");
        }
        self.stop_inner.cancel();
        self.inner.close();
        let _late = tokio::time::timeout(Duration::from_secs(2), self.inner.wait()).await;
        self.state.store.close().await;
    }
}

/// Jobs find nothing to do, and complain, before there are tables.
fn spawn_jobs_in_time(state: &AppState, jobs: &TaskTracker, stop: &CancellationToken) {
    if state.tickets.are_settled() {
        return spawn_jobs(state, jobs, stop);
    }
    tracing::warn!("the database has no tables yet: run yourbit-video migrate; readyz says no until then");
    let (state, tracker, stop) = (state.clone(), jobs.clone(), stop.clone());
    jobs.spawn(async move {
        tokio::select! {
            () = state.until_ready() => spawn_jobs(&state, &tracker, &stop),
            () = stop.cancelled() => {}
        }
    });
}

fn spawn_jobs(state: &AppState, jobs: &TaskTracker, stop: &CancellationToken) {
    jobs.spawn(jobs::inbox::run(state.clone(), stop.clone()));
    jobs.spawn(jobs::outbox::run(state.clone(), stop.clone()));
    jobs.spawn(jobs::reconcile::run(state.clone(), stop.clone()));
    jobs.spawn(jobs::keys::run(state.clone(), stop.clone()));
    jobs.spawn(jobs::retention::run(state.clone(), stop.clone()));
    let listen_url = listen_url(&state.settings.database);
    let (hub, store, me) = (state.hub.clone(), state.store.clone(), state.clock.new_id());
    jobs.spawn(live::run(hub, store, listen_url, me, stop.clone()));
}

/// LISTEN needs a connection of its own, past any transaction pooler.
fn listen_url(settings: &crate::config::Database) -> String {
    let direct = &settings.direct_url;
    if direct.is_empty() {
        settings.url.clone()
    } else {
        direct.clone()
    }
}

/// SIGTERM or SIGINT.
fn stop_signal() -> std::io::Result<impl AsyncFnMut()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move || {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

fn greet(app: &App) {
    let settings = &app.state.settings;
    let database = app.state.store.kind();
    tracing::info!(listen = %settings.http.listen, database, "Yourbit Video serves {}", settings.http.public_url);
    if app.development {
        tracing::info!(
            "development mode: only this machine may call. A token: yourbit-video token --sub dev (its secret is in {})",
            crate::wiring::data_folder(settings)
                .join("development-secret")
                .display()
        );
    }
    if let Some(reason) = app.local.as_ref().and_then(|local| local.local.missing_tools()) {
        tracing::warn!("{reason}");
    }
}
