//! One file a command.

mod check;
mod events;
mod healthcheck;
mod import;
mod migrate;
mod openapi;
mod outgoing;
mod print;
mod provider_test;
mod reconcile;
#[cfg(target_os = "linux")]
mod sandboxed_exec;
mod serve;
mod settings;
mod token;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Environment, load};
use crate::wiring::StartError;

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
    /// Print the OpenAPI document of the API.
    Openapi,
    /// Work on a provider's action map.
    #[command(subcommand)]
    Provider(provider_test::ProviderCommand),
    /// Every setting: its default, its variable, its meaning.
    Settings(settings::SettingsArgs),
    /// Ask a running service whether it lives: for a container's HEALTHCHECK.
    Healthcheck,
    /// Give up rights, then become the named program: how the built-in provider starts ffmpeg.
    #[cfg(target_os = "linux")]
    #[command(hide = true, name = crate::local::sandbox::SUBCOMMAND)]
    SandboxedExec(sandboxed_exec::SandboxedExecArgs),
}

/// Why a command failed; printed on one line.
pub type CommandError = Box<dyn std::error::Error + Send + Sync>;

impl Cli {
    /// Runs the one command that needs a process with one thread, where it is the one; it returns only with an end.
    #[cfg(target_os = "linux")]
    pub fn run_in_one_thread(&mut self) -> Option<Result<(), CommandError>> {
        match self.command.take() {
            Some(Command::SandboxedExec(args)) => Some(sandboxed_exec::sandboxed_exec(&args)),
            other => {
                self.command = other;
                None
            }
        }
    }

    /// There is no such command here.
    #[cfg(not(target_os = "linux"))]
    pub fn run_in_one_thread(&mut self) -> Option<Result<(), CommandError>> {
        None
    }

    /// Runs the command to its end.
    ///
    /// # Errors
    /// One line for the person who typed it.
    pub async fn run(self) -> Result<(), CommandError> {
        crate::private::from_now_on();
        let env = Environment::from_process();
        // Trying a map and printing the document take no settings, so nothing is loaded before it is needed.
        let settings = || load(self.config.as_deref(), &env).map_err(StartError::from);
        match self.command.unwrap_or(Command::Serve) {
            Command::Serve => Box::pin(serve::serve(settings(), self.config.as_deref(), &env)).await,
            Command::Check => Box::pin(check::check(settings(), &env)).await,
            Command::Migrate => migrate::migrate(&settings()?).await,
            Command::Token(args) => token::token(&settings()?, &args),
            Command::Events(args) => events::events(&settings()?, args).await,
            Command::Reconcile(args) => Box::pin(reconcile::reconcile(settings()?, &env, &args)).await,
            Command::Import(args) => Box::pin(import::import(settings()?, &env, &args)).await,
            Command::Openapi => openapi::openapi(),
            Command::Provider(command) => Box::pin(provider_test::provider(&command, &env)).await,
            Command::Settings(args) => settings::settings(&args),
            Command::Healthcheck => healthcheck::healthcheck(&settings()?).await,
            #[cfg(target_os = "linux")]
            Command::SandboxedExec(args) => sandboxed_exec::sandboxed_exec(&args),
        }
    }
}

/// What the process ends with after this error: the built-in provider tells a tool that was not run from one that
/// failed.
pub fn exit_code(error: &CommandError) -> ExitCode {
    #[cfg(target_os = "linux")]
    if error.is::<crate::local::sandbox::SandboxError>() {
        return ExitCode::from(crate::local::sandbox::REFUSED);
    }
    let _ = error;
    ExitCode::FAILURE
}
