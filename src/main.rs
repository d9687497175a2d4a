//! `yourbit-video`: parse the command line, run the command, exit.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tikv_jemallocator::Jemalloc;
use yourbit_video::commands::{self, Cli, CommandError};

/// Memory is given back on other threads than it was taken on, which the system's allocator is slow at
/// (benches/README.md has the figures).
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// How long work that cannot be cancelled may hold the end up.
const LEFT_FOR: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let mut cli = Cli::parse();
    // Why first: the kernel gives namespaces only to a process with one thread, and a runtime has several.
    if let Some(ended) = cli.run_in_one_thread() {
        return exit_code(ended);
    }
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("yourbit-video: {error}");
            return ExitCode::FAILURE;
        }
    };
    let ended = runtime.block_on(cli.run());
    runtime.shutdown_timeout(LEFT_FOR);
    exit_code(ended)
}

fn exit_code(ended: Result<(), CommandError>) -> ExitCode {
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            for line in error.to_string().lines() {
                eprintln!("yourbit-video: {line}");
            }
            commands::exit_code(&error)
        }
    }
}
