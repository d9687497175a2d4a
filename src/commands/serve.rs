//! `yourbit-video serve`: until SIGTERM, and then to a good end.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{CommandError, print};
use crate::auth::Development;
use crate::clock::Clock;
use crate::config::{Environment, Settings};
use crate::http::server;
use crate::state::AppState;
use crate::wiring::{App, Reloader, StartError, preflight, sqlite_path, warnings};
use crate::{jobs, live, telemetry};

/// What still runs after the drain gets so long to finish.
const GRACE: Duration = Duration::from_secs(20);

/// Serves until a signal, then drains.
pub(super) async fn serve(
    settings: Result<Settings, StartError>,
    file: Option<&Path>,
    env: &Environment,
) -> Result<(), CommandError> {
    let settings = preflight(settings, env)?;
    let export = telemetry::start_with_export(&settings.log, env).map_err(StartError::from)?;
    announce(&settings, file, env);
    // First of all: who does not listen is killed by it.
    let hangup = hangup()?;
    let mut stop = stop_signal()?;
    let app = tokio::select! {
        app = App::build(settings, env, Clock::system()) => app?,
        _ = stop() => return Ok(()),
    };
    greet(&app);
    let reloader = Reloader::new(&app, file, env);
    let log_limits = app.state.log_limits.clone();
    let ended = run(Running::start(app, reloader), hangup, stop).await;
    log_limits.flush();
    if ended == Ended::Well {
        export.finish().await;
    }
    Ok(())
}

/// How serving ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// Everything that ran was waited for.
    Well,
    /// Somebody did not want to wait.
    AtOnce,
}

/// Serves until `stop` comes, reloading at each `hangup`, one after another; a second `stop` waits for nothing.
async fn run(
    mut running: Running,
    mut hangup: impl AsyncFnMut() -> Hangup,
    mut stop: impl AsyncFnMut() -> Stop,
) -> Ended {
    let stopped_by;
    loop {
        let reloading = async {
            let hangup = hangup().await;
            if hangup == Hangup::Reload {
                running.reload().await;
            }
            hangup
        };
        let told = tokio::select! {
            stop = stop() => Err(stop),
            hangup = reloading => Ok(hangup),
        };
        match told {
            Ok(Hangup::Reload) => {}
            Ok(Hangup::NobodyThere) => return Ended::Well,
            Err(stop) => {
                stopped_by = stop;
                break;
            }
        }
    }
    tokio::select! {
        () = running.drain(stopped_by) => {
            tracing::info!("stopped");
            Ended::Well
        }
        _ = stop() => {
            tracing::warn!("a second signal: stopped at once");
            Ended::AtOnce
        }
    }
}

/// Everything that runs, and how it is ended.
struct Running {
    reloader: Reloader,
    /// Nobody needs time to notice that this machine's developer stops.
    development: bool,
    outer: JoinHandle<()>,
    jobs: TaskTracker,
    inner: TaskTracker,
    stop_outer: CancellationToken,
    stop_jobs: CancellationToken,
    /// Ends the jobs that follow the settings: others take their place with new ones.
    stop_following: CancellationToken,
    stop_inner: CancellationToken,
}

impl Running {
    fn start(app: App, reloader: Reloader) -> Self {
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
        let stop_following = stop_jobs.child_token();
        if !state.tickets.are_settled() {
            tracing::warn!(
                "the database has no tables yet: run yourbit-video migrate; readyz says no until then"
            );
        }
        in_time(&state, &jobs, &stop_following, spawn_following);
        in_time(&state, &jobs, &stop_jobs, spawn_live);
        if let Some(local) = local {
            if let Some(lease) = local.lease {
                inner.spawn(lease.keep(stop_inner.clone()));
            }
            let stop = stop_inner.clone();
            inner.spawn(async move {
                let serving = axum::serve(local.listener, local.served.router());
                if let Err(error) = serving.with_graceful_shutdown(stop.cancelled_owned()).await {
                    tracing::error!(%error, "the inner listener failed");
                }
            });
            let stop = stop_jobs.clone();
            jobs.spawn(async move { local.local.run(stop).await });
        }
        if let Some((listener, shown)) = metrics {
            // Seen to the very end: it ends with the process.
            tokio::spawn(axum::serve(listener, shown.router()).into_future());
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
            stop_following,
            stop_inner,
        }
    }

    /// Takes new settings, maps and secrets over, or says why not.
    async fn reload(&mut self) {
        let kept = match self.reloader.reload().await {
            Ok(kept) => kept,
            Err(error) => {
                let error = error.to_string().replace('\n', "; ");
                return tracing::error!("not reloaded, everything stays as it was: {error}");
            }
        };
        // Two of each for a moment: what they do is safe to be done twice.
        self.stop_following.cancel();
        self.stop_following = self.stop_jobs.child_token();
        in_time(
            self.reloader.state(),
            &self.jobs,
            &self.stop_following,
            spawn_following,
        );
        if !kept.is_empty() {
            let kept = kept.join(", ");
            tracing::warn!("changed, but only a new start takes it over: {kept}");
        }
        tracing::info!("reloaded: settings, maps and secrets are what the files say now");
    }

    /// `readyz` says no, requests end, then jobs, and the inner listener last: what jobs have to say goes through it.
    async fn drain(self, stop: Stop) {
        let state = self.reloader.state();
        let drain_s = match stop {
            Stop::Terminate if !self.development => state.settings.http.drain_s,
            // Nobody routes requests by readyz to what somebody runs at a terminal.
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
        state.stopped.cancel();
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
        state.store.close().await;
    }
}

/// Jobs find nothing to do, and complain, before there are tables.
fn in_time(
    state: &AppState,
    jobs: &TaskTracker,
    stop: &CancellationToken,
    spawn: fn(&AppState, &TaskTracker, &CancellationToken),
) {
    if state.tickets.are_settled() {
        return spawn(state, jobs, stop);
    }
    let (state, tracker, stop) = (state.clone(), jobs.clone(), stop.clone());
    jobs.spawn(async move {
        tokio::select! {
            () = state.until_ready() => spawn(&state, &tracker, &stop),
            () = stop.cancelled() => {}
        }
    });
}

/// The jobs that go by settings, maps and keys.
fn spawn_following(state: &AppState, jobs: &TaskTracker, stop: &CancellationToken) {
    jobs.spawn(jobs::inbox::run(state.clone(), stop.clone()));
    jobs.spawn(jobs::outbox::run(state.clone(), stop.clone()));
    jobs.spawn(jobs::reconcile::run(state.clone(), stop.clone()));
    jobs.spawn(jobs::keys::run(state.clone(), stop.clone()));
    jobs.spawn(jobs::retention::run(state.clone(), stop.clone()));
}

fn spawn_live(state: &AppState, jobs: &TaskTracker, stop: &CancellationToken) {
    let listen_url = listen_url(&state.settings.database);
    let (hub, store, me) = (state.hub.clone(), state.store.clone(), state.me);
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

/// What ends the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// SIGTERM, from whatever runs it: traffic has to be led elsewhere first.
    Terminate,
    /// SIGINT: Ctrl-C at a terminal.
    Interrupt,
}

/// SIGTERM or SIGINT.
fn stop_signal() -> std::io::Result<impl AsyncFnMut() -> Stop> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move || {
        tokio::select! {
            _ = terminate.recv() => Stop::Terminate,
            _ = interrupt.recv() => Stop::Interrupt,
        }
    })
}

/// What SIGHUP means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hangup {
    /// Somebody wants files to be read again.
    Reload,
    /// The terminal that we write to is gone, and whoever sat there.
    NobodyThere,
}

/// SIGHUP.
fn hangup() -> std::io::Result<impl AsyncFnMut() -> Hangup> {
    let mut hangup = signal(SignalKind::hangup())?;
    let at_terminal = || std::io::stderr().is_terminal();
    let began_there = at_terminal();
    Ok(async move || {
        let _never_ends = hangup.recv().await;
        if began_there && !at_terminal() {
            Hangup::NobodyThere
        } else {
            Hangup::Reload
        }
    })
}

/// Prints the link to the page on standard output, never into the log: it holds a token.
fn print_link(development: &Development, state: &AppState) {
    if !state.settings.http.console {
        return;
    }
    let link = development.link(&state.settings, state.clock.now());
    let printed = link.map_err(CommandError::from).and_then(|link| {
        tracing::info!("the page: open the link below; yourbit-video token --link prints another one");
        Ok(print::line(link)?)
    });
    if let Err(error) = printed {
        tracing::warn!(
            "the link to the page could not be printed: {error}; yourbit-video token --link prints one"
        );
    }
}

/// The first line of a start: which data it works on, with full paths, so that a start in another folder is seen; and
/// what else should be known.
fn announce(settings: &Settings, file: Option<&Path>, env: &Environment) {
    let full = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let named = env
        .get("VIDEO_CONFIG")
        .map(str::trim)
        .filter(|path| !path.is_empty());
    let config = file
        .or(named.map(Path::new))
        .map(|path| full(path).display().to_string());
    let (database, is_new) = if settings.database.is_sqlite() {
        let path = full(&sqlite_path(settings));
        (path.display().to_string(), !path.exists())
    } else {
        (settings.database.place(), false)
    };
    let has_local = settings
        .providers
        .enabled
        .iter()
        .any(|name| name == crate::local::NAME);
    let local = has_local.then(|| full(&settings.local.dir).display().to_string());
    let new = if is_new { " (the database is new)" } else { "" };
    let version = env!("CARGO_PKG_VERSION");
    tracing::info!(
        database,
        local.dir = local,
        config,
        "Yourbit Video {version} starts{new}"
    );
    for warning in warnings(settings) {
        tracing::warn!("{warning}");
    }
}

fn greet(app: &App) {
    let settings = &app.state.settings;
    let database = app.state.store.kind();
    tracing::info!(listen = %settings.http.listen, database, "Yourbit Video serves {}", settings.http.public_url);
    if let Some(development) = &app.development {
        tracing::info!(
            "development mode: only this machine may call. A token for a user: yourbit-video token --sub dev (its secret is in {})",
            crate::wiring::data_folder(settings)
                .join("development-secret")
                .display()
        );
        print_link(development, &app.state);
    }
    if let Some(reason) = app.local.as_ref().and_then(|local| local.local.missing_tools()) {
        tracing::warn!("{reason}");
    }
}
