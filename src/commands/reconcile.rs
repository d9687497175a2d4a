//! `yourbit-video reconcile`: one pass of the reconciler.

use clap::Args;
use uuid::Uuid;

use super::error::CommandError;
use super::print;
use crate::app::{App, StartError};
use crate::clock::Clock;
use crate::config::{Environment, Settings};
use crate::{jobs, telemetry};

#[derive(Debug, Args)]
pub(super) struct ReconcileArgs {
    /// Only this video, whether it is due or not.
    #[arg(long, value_name = "ID")]
    video: Option<Uuid>,
}

/// Looks up the videos that are due at their providers, and prints what changed.
pub(super) async fn reconcile_once(
    settings: Settings,
    env: &Environment,
    args: &ReconcileArgs,
) -> Result<(), CommandError> {
    telemetry::start(&settings.log).map_err(StartError::from)?;
    let app = App::build_for_command(settings, env, Clock::system()).await?;
    // Why: videos of the built-in provider are looked up over HTTP like all others, so its listener has to run.
    let inner = app
        .local
        .map(|local| tokio::spawn(axum::serve(local.listener, local.served.router()).into_future()));
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
        inner.abort();
    }
    app.state.store.close().await;
    Ok(())
}
