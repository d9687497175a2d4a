//! `yourbit-video provider`: `test` tries an action map, without an account at the provider; `record` makes a cassette
//! of what the real API answers.

mod record;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;

use super::error::CommandError;
use super::print;
use crate::{
    app::describe_missing_map,
    clock::Clock,
    config::Environment,
    provider::{
        conformance::{Report, Trial, examine},
        embedded_map, embedded_names,
    },
};

/// Things to do with a provider's action map.
#[derive(Debug, Subcommand)]
pub(super) enum ProviderCommand {
    /// Try a map: what it would send, what it reads from recorded answers and events, what it can do.
    Test(TestArgs),
    /// Ask the real API, reading only, and write its answers as a cassette, with secrets and ids masked.
    Record(record::RecordArgs),
}

/// The map, and the answers that it is tried with.
#[derive(Debug, Args)]
pub(super) struct TestArgs {
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

/// Runs the subcommand.
pub(super) async fn run_provider_command(
    command: &ProviderCommand,
    env: &Environment,
) -> Result<(), CommandError> {
    match command {
        ProviderCommand::Test(args) => run_test(args, env).await,
        ProviderCommand::Record(args) => record::run_record(args, env).await,
    }
}

/// Tries the map ([`examine`]), and prints the report. A map with problems is an error.
async fn run_test(args: &TestArgs, env: &Environment) -> Result<(), CommandError> {
    let (file, toml) = read_map(&args.map)?;
    let cassette = args.cassette.as_deref().map(read_file).transpose()?;
    let report = Box::pin(examine(Trial {
        file: &file,
        toml: &toml,
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
            map: &file,
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

/// Returns name and text of a map: of the file, else of the built-in map of this name ([`embedded_map`]).
fn read_map(map: &Path) -> Result<(String, String), CommandError> {
    let name = map.to_string_lossy().into_owned();
    match embedded_map(&name) {
        Some(text) if !map.exists() => Ok((format!("{name}.toml (built in)"), text.to_owned())),
        None if !map.exists() => {
            let problem = describe_missing_map(&name, embedded_names());
            Err(format!("{name}: no such file, and {problem}").into())
        }
        _ => read_file(map),
    }
}

/// Returns name and text of a file.
fn read_file(path: &Path) -> Result<(String, String), CommandError> {
    let name = path.to_string_lossy().into_owned();
    let text = std::fs::read_to_string(path).map_err(|error| format!("{name}: {error}"))?;
    Ok((name, text))
}
