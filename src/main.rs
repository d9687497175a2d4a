//! `yourbit-video`: parse the command line, run the command, exit.

use std::process::ExitCode;

use clap::Parser;
use yourbit_video::commands::Cli;

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
