//! `yourbit-video`: parse the command line, run the command, exit.

use std::process::ExitCode;

use clap::Parser;
use yourbit_video::commands::Cli;

/// A quarter of the time under load went to the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
