//! `yourbit-video provider test`: the trial of a map, without an account at the provider.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::map_argument::find_map;
use crate::{
    clock::Clock,
    commands::{error::CommandError, print},
    config::Environment,
    provider::conformance::{Report, Trial, examine},
};

/// The map, and the answers that it is tried with.
#[derive(Debug, Args)]
pub(in crate::commands) struct TestArgs {
    /// The map's file, or the name of one that is built in.
    #[arg(value_name = "MAP")]
    map: PathBuf,
    /// Recorded answers and events (TOML or JSON), with the variables that they need.
    #[arg(long, value_name = "FILE")]
    cassette: Option<PathBuf>,
    /// Ask the real API too, reading only, with the environment's credentials.
    #[arg(long)]
    live: bool,
    /// Print one JSON document instead of text: every call, and what is read from each recorded answer and event.
    #[arg(long)]
    json: bool,
}

/// The document that `--json` prints.
#[derive(Serialize)]
struct JsonReport<'a> {
    /// The map's file.
    map: &'a str,
    /// True where there is no problem.
    passed: bool,
    /// The rest: `calls`, `client`, `answers`, `webhooks`, `urls`, `notes`, `capabilities`, `problems`.
    #[serde(flatten)]
    report: &'a Report,
}

/// Tries a map ([`examine`]), and prints the report. A map with problems is an error.
pub(super) async fn test_map(args: &TestArgs, env: &Environment) -> Result<(), CommandError> {
    let map = find_map(&args.map)?;
    let cassette = args.cassette.as_deref().map(read_text).transpose()?;
    let report = Box::pin(examine(Trial {
        file: map.file(),
        toml: map.text(),
        cassette: cassette
            .as_ref()
            .map(|(file, text)| (file.as_str(), text.as_str())),
        env: &|name| env.get(name).map(str::to_owned),
        live: args.live,
        now: Clock::system().now(),
    }))
    .await?;
    let text = if args.json {
        let document = JsonReport {
            map: map.file(),
            passed: report.passed(),
            report: &report,
        };
        serde_json::to_string(&document)? + "\n"
    } else {
        report.to_string()
    };
    print::print_bytes(text.as_bytes())?;
    if report.passed() {
        Ok(())
    } else {
        Err(format!("{} problem(s)", report.problems.len()).into())
    }
}

/// Returns name and text of a file.
fn read_text(path: &Path) -> Result<(String, String), CommandError> {
    let name = path.to_string_lossy().into_owned();
    let text = std::fs::read_to_string(path).map_err(|error| format!("{name}: {error}"))?;
    Ok((name, text))
}
