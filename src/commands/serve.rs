//! `yourbit-video serve`: starts the service, serves until a signal, and ends in order.
//!
//! Start ([`serve`]):
//!
//! 1. Settings and maps are checked ([`preflight`]). Their problems are errors here, before anything is touched.
//! 2. Logging begins, and the first line names the data that the service works on ([`messages::announce_start`]).
//! 3. Signal handlers are registered, before the slow steps.
//! 4. The parts are wired: database, providers, keys, bound listeners ([`App::build`]). A stop signal ends this step at
//!    once: nothing is served yet, so nothing has to be drained.
//! 5. Jobs and listeners run ([`Running::start`]).
//!
//! While it serves ([`serve_until_stopped`]), SIGHUP reloads settings, maps and secrets ([`Running::reload`]); SIGTERM
//! and SIGINT stop the service; a second stop signal ends it at once.
//!
//! End:
//!
//! 1. The parts stop one after another ([`Running::drain`] has the order).
//! 2. Counts of log lines that were left out are written.
//! 3. The last spans are sent, unless there was a second stop signal.

mod messages;
mod running;
pub(super) mod signals;

use std::path::Path;

use self::running::Running;
use self::signals::{Hangup, Stop};
use super::error::CommandError;
use crate::app::{App, Reloader, StartError, preflight};
use crate::clock::Clock;
use crate::config::{Environment, Settings};
use crate::telemetry;

/// Serves until a stop signal, then drains. `file` is the settings file of the command line.
pub(super) async fn serve(
    settings: Result<Settings, StartError>,
    file: Option<&Path>,
    env: &Environment,
) -> Result<(), CommandError> {
    let settings = preflight(settings, env)?;
    let export = telemetry::start_with_export(&settings.log, env).map_err(StartError::from)?;
    messages::announce_start(&settings, file, env);
    // Why before the parts are built: SIGHUP ends a process that has no handler for it.
    let hangup = signals::watch_hangups()?;
    let mut stop = signals::watch_stop_signals()?;
    let app = tokio::select! {
        app = App::build(settings, env, Clock::system()) => app?,
        _ = stop() => return Ok(()),
    };
    messages::announce_service(&app);
    let reloader = Reloader::new(&app, file, env);
    let log_limits = app.state.log_limits.clone();
    let end = serve_until_stopped(Running::start(app, reloader), hangup, stop).await;
    log_limits.flush();
    if end == End::InOrder {
        export.finish().await;
    }
    Ok(())
}

/// The end of serving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// By one signal: the remaining spans are sent.
    InOrder,
    /// By a second stop signal: nothing is waited for.
    AtOnce,
}

/// Serves until a stop signal and drains. Reloads at each SIGHUP, one after another.
async fn serve_until_stopped(
    mut running: Running,
    mut hangup: impl AsyncFnMut() -> Hangup,
    mut stop: impl AsyncFnMut() -> Stop,
) -> End {
    let stopped_by = loop {
        let reloading = async {
            let hangup = hangup().await;
            if hangup == Hangup::Reload {
                running.reload().await;
            }
            hangup
        };
        tokio::select! {
            // Why a reload may be dropped here: until its end it has changed nothing.
            stop = stop() => break stop,
            hangup = reloading => match hangup {
                Hangup::Reload => {}
                // Why without a drain: the person who ran the service at the terminal has gone.
                Hangup::TerminalGone => return End::InOrder,
            },
        }
    };
    tokio::select! {
        () = running.drain(stopped_by) => {
            tracing::info!("stopped");
            End::InOrder
        }
        _ = stop() => {
            tracing::warn!("a second signal: stopped at once");
            End::AtOnce
        }
    }
}
