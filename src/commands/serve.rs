//! `yourbit-video serve`: until SIGTERM, and then to a good end.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::CommandError;
use crate::clock::Clock;
use crate::config::{Environment, Settings};
use crate::http::server;
use crate::wiring::{App, StartError};
use crate::{jobs, live, telemetry};

/// What still runs after the drain gets so long to finish.
const GRACE: Duration = Duration::from_secs(20);

/// Serves until a signal, then drains.
pub(super) async fn serve(settings: Settings, env: &Environment) -> Result<(), CommandError> {
    telemetry::start(&settings.log).map_err(StartError::from)?;
    let app = App::build(settings, env, Clock::system()).await?;
    greet(&app);
    run(app, stop_signal()?).await
}

/// Serves `app` until `signal` comes.
async fn run(app: App, signal: impl Future<Output = ()>) -> Result<(), CommandError> {
    let App {
        state,
        listener,
        router,
        local,
        ..
    } = app;
    let (stop_outer, stop_jobs, stop_inner) = (
        CancellationToken::new(),
        CancellationToken::new(),
        CancellationToken::new(),
    );
    let (jobs, inner) = (TaskTracker::new(), TaskTracker::new());
    jobs.spawn(jobs::inbox::run(state.clone(), stop_jobs.clone()));
    jobs.spawn(jobs::outbox::run(state.clone(), stop_jobs.clone()));
    jobs.spawn(jobs::reconcile::run(state.clone(), stop_jobs.clone()));
    let listen_url = listen_url(&state.settings.database);
    jobs.spawn(live::run(
        state.hub.clone(),
        state.store.clone(),
        listen_url,
        state.clock.new_id(),
        stop_jobs.clone(),
    ));
    jobs.spawn(jobs::keys::run(state.clone(), stop_jobs.clone()));
    jobs.spawn(jobs::retention::run(state.clone(), stop_jobs.clone()));
    if let Some(local) = local {
        let stop = stop_inner.clone();
        inner.spawn(async move {
            let serving =
                axum::serve(local.listener, local.router).with_graceful_shutdown(stop.cancelled_owned());
            if let Err(error) = serving.await {
                tracing::error!(%error, "the inner listener failed");
            }
        });
        let stop = stop_jobs.clone();
        jobs.spawn(async move { local.local.run(stop).await });
    }
    let (outer_state, stop) = (state.clone(), stop_outer.clone());
    let outer = tokio::spawn(async move {
        server::serve(listener, router, &outer_state.settings.http, stop).await;
    });
    signal.await;
    tracing::info!(
        drain_s = state.settings.http.drain_s,
        "stopping: readyz says no, requests are still taken"
    );
    state.stopping.store(true, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_secs(state.settings.http.drain_s)).await;
    state.stopped.cancel();
    stop_outer.cancel();
    if tokio::time::timeout(GRACE, outer).await.is_err() {
        tracing::warn!("requests that took too long were cut off");
    }
    stop_jobs.cancel();
    jobs.close();
    let jobs_done = tokio::time::timeout(GRACE, jobs.wait()).await.is_ok();
    // Last: what the jobs still had to say went through it.
    stop_inner.cancel();
    inner.close();
    let inner_done = tokio::time::timeout(Duration::from_secs(2), inner.wait())
        .await
        .is_ok();
    state.store.close().await;
    tracing::info!(jobs_done, inner_done, "stopped");
    Ok(())
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
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
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
            "development mode: only this machine may call. A token: yourbit-video token --sub me (its secret is in {})",
            crate::wiring::data_folder(settings)
                .join("development-secret")
                .display()
        );
    }
    if let Some(reason) = app.local.as_ref().and_then(|local| local.local.missing_tools()) {
        tracing::warn!("{reason}");
    }
}
