//! `yourbit-video reconcile`: one pass of the reconciler.

use clap::Args;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::error::CommandError;
use super::print;
use crate::app::{App, StartError};
use crate::clock::Clock;
use crate::config::{Environment, Settings};
use crate::http::server::serve_inner;
use crate::{jobs, telemetry};

#[derive(Debug, Args)]
pub(super) struct ReconcileArgs {
    /// Only this video, whether it is due or not.
    #[arg(long, value_name = "ID")]
    video: Option<Uuid>,
}

/// Looks up the videos that are due at their providers ([`jobs::reconcile::run_pass`]), and prints what changed.
pub(super) async fn reconcile_once(
    settings: Settings,
    env: &Environment,
    args: &ReconcileArgs,
) -> Result<(), CommandError> {
    telemetry::start(&settings.log).map_err(StartError::from)?;
    let app = App::build_for_command(settings, env, Clock::system()).await?;
    // Why: videos of the built-in provider are looked up over HTTP like all others, so its listener has to run.
    let inner = app.local.map(|local| {
        let serving = serve_inner(local.listener, local.served.router(), CancellationToken::new());
        tokio::spawn(serving)
    });
    let pass = jobs::reconcile::run_pass(&app.state, args.video)
        .await
        .map_err(StartError::from)?;
    for change in &pass.changed {
        print::print_line(format_args!(
            "{}  {} -> {}",
            change.video_id, change.from, change.to
        ))?;
    }
    let changed = pass.changed.len();
    print::print_line(format_args!(
        "{} videos looked at, {changed} changed",
        pass.looked_at
    ))?;
    for provider in app.state.sightings.halted_providers() {
        print::print_line(format_args!(
            "{provider}: halted, it answers \"not found\" about videos known to exist: check its credentials"
        ))?;
    }
    if let Some(inner) = inner {
        // Why: the task serves without end, and no call to it is left.
        inner.abort();
    }
    app.state.store.close().await;
    Ok(())
}
