//! The arguments of the program, and the dispatch to its commands.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use super::error::CommandError;
#[cfg(target_os = "linux")]
use super::sandboxed_exec;
use super::{
    check, events, healthcheck, import, local, migrate, moves, openapi, provider, reconcile, serve, settings,
    token, usage,
};
use crate::app::StartError;
use crate::config::{Environment, load};

/// A video service between an application and its video provider.
///
/// Without a command it serves. Settings come from built-in defaults, a file and VIDEO_… variables, in this order.
#[derive(Debug, Parser)]
#[command(name = "yourbit-video", version, about)]
pub struct Cli {
    /// Settings file (also VIDEO_CONFIG).
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API (the default).
    Serve,
    /// Look for what goes wrong in practice: settings, maps, keys, credentials, clock, database. Changes nothing.
    Check,
    /// Bring the database's tables up to date.
    Migrate,
    /// Print a caller's token, signed with the configured secret.
    Token(token::TokenArgs),
    /// The inbox of webhook events: list, show, replay; and `out`: what the application is told.
    Events(events::EventsArgs),
    /// One pass of the reconciler: ask the providers about what is due.
    Reconcile(reconcile::ReconcileArgs),
    /// Make rows for videos that were made elsewhere: the provider's own assets, or an old table's.
    Import(import::ImportArgs),
    /// Move videos to another provider, under the same ids. A running service does the work.
    Move(moves::MoveArgs),
    /// How much each owner has at each provider: videos, minutes and bytes, as CSV or JSON.
    Usage(usage::UsageArgs),
    /// Print the OpenAPI document of the API.
    Openapi,
    /// The providers' action maps: list them, show one, try one.
    #[command(subcommand)]
    Provider(provider::ProviderCommand),
    /// Every setting: its default, its variable, its meaning.
    Settings(settings::SettingsArgs),
    /// Serve the built-in provider alone: Mux's stand-in in an application's own tests.
    Local(local::LocalArgs),
    /// Ask a running service whether it lives: for a container's HEALTHCHECK.
    Healthcheck,
    /// Give up rights, then become the named program: how the built-in provider starts ffmpeg.
    #[cfg(target_os = "linux")]
    #[command(hide = true, name = crate::local::sandbox::SUBCOMMAND)]
    SandboxedExec(sandboxed_exec::SandboxedExecArgs),
}

impl Cli {
    /// Runs the command `sandboxed-exec`, which needs a process with one thread. `None` where the command is another
    /// one, which [`Cli::run`] then runs.
    #[cfg(target_os = "linux")]
    pub fn run_in_one_thread(&mut self) -> Option<Result<(), CommandError>> {
        match self.command.take() {
            Some(Command::SandboxedExec(args)) => Some(sandboxed_exec::exec_sandboxed(&args)),
            other => {
                self.command = other;
                None
            }
        }
    }

    /// Returns `None`: no command of this system needs a process with one thread.
    #[cfg(not(target_os = "linux"))]
    pub fn run_in_one_thread(&mut self) -> Option<Result<(), CommandError>> {
        None
    }

    /// Runs the command to its end; without a command, serves.
    ///
    /// # Errors
    /// The reason, for the person who typed the command.
    pub async fn run(self) -> Result<(), CommandError> {
        // Why first: from here on, files that this process makes are for its user alone.
        crate::private::restrict_umask();
        let env = Environment::from_process();
        // Why a closure: some commands need no settings, and must run where the settings are faulty.
        let settings = || load(self.config.as_deref(), &env).map_err(StartError::from);
        match self.command.unwrap_or(Command::Serve) {
            // Why boxed: these futures are large, and the stack of the main thread would hold the largest of them for
            // every command.
            Command::Serve => Box::pin(serve::serve(settings(), self.config.as_deref(), &env)).await,
            Command::Check => Box::pin(check::check_all(settings(), &env)).await,
            Command::Migrate => migrate::apply_migrations(&settings()?).await,
            Command::Token(args) => token::print_token(&settings()?, &args),
            Command::Events(args) => events::run_events_command(&settings()?, args).await,
            Command::Reconcile(args) => Box::pin(reconcile::reconcile_once(settings()?, &env, &args)).await,
            Command::Import(args) => Box::pin(import::import_videos(settings()?, &env, &args)).await,
            Command::Move(args) => Box::pin(moves::move_videos(&settings()?, &env, &args)).await,
            Command::Usage(args) => usage::print_usage(&settings()?, &args).await,
            Command::Openapi => openapi::print_openapi(),
            Command::Provider(command) => {
                Box::pin(provider::run_provider_command(&command, settings, &env)).await
            }
            Command::Settings(args) => settings::print_settings(&args),
            Command::Local(args) => Box::pin(local::serve_alone(settings()?, &env, &args)).await,
            Command::Healthcheck => healthcheck::check_health(&settings()?).await,
            #[cfg(target_os = "linux")]
            Command::SandboxedExec(args) => sandboxed_exec::exec_sandboxed(&args),
        }
    }
}
