//! `yourbit-video`: parses the command line, runs the command, exits.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use yourbit_video::commands::{self, Cli, CommandError};

/// The allocator of the process.
// Why: memory is often freed on another thread than the one that allocated it, and the system's allocator is slow at
// that (`benches/README.md` has the figures).
#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Longest wait at the end for blocking work, which cannot be cancelled.
const LAST_WAIT: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let mut cli = Cli::parse();
    // Why first: the kernel gives namespaces only to a process with one thread, and a runtime has several.
    if let Some(ended) = cli.run_in_one_thread() {
        return report_end(ended);
    }
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("yourbit-video: {error}");
            return ExitCode::FAILURE;
        }
    };
    let ended = runtime.block_on(cli.run());
    runtime.shutdown_timeout(LAST_WAIT);
    report_end(ended)
}

/// Prints an error, each of its lines behind the name of the program, and returns the exit code.
fn report_end(ended: Result<(), CommandError>) -> ExitCode {
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
