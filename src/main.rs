//! `yourbit-video`: parse the command line, run the command, exit.

use std::process::ExitCode;

use clap::Parser;
use tikv_jemallocator::Jemalloc;
use yourbit_video::commands::Cli;

/// Memory is given back on other threads than it was taken on, which the system's allocator is slow at
/// (benches/README.md has the figures).
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

#[tokio::main]
async fn main() -> ExitCode {
    match Cli::parse().run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("yourbit-video: {error}");
            ExitCode::FAILURE
        }
    }
}
