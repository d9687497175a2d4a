//! The command line: one file for each command.
//!
//! [`Cli`] parses the arguments and runs the command. A command returns a [`CommandError`] that is printed on standard
//! error; what it prints on standard output goes through `print`.

mod check;
mod cli;
mod error;
mod events;
mod healthcheck;
mod import;
mod local;
mod migrate;
mod moves;
mod openapi;
mod outgoing;
mod print;
mod provider;
mod queue_args;
mod reconcile;
#[cfg(target_os = "linux")]
mod sandboxed_exec;
mod serve;
mod settings;
mod token;
mod usage;

pub use self::cli::Cli;
pub use self::error::{CommandError, exit_code};
