//! `yourbit-video provider`: what can be done with action maps. `list` and `show` read them as the service would, `test`
//! tries one without an account at the provider.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::error::CommandError;
use super::print;
use crate::{
    app::{StartError, describe_missing_map, map_names, read_map},
    clock::Clock,
    config::{Environment, Settings},
    provider::{
        MapFile, MergedMap,
        conformance::{Trial, examine},
        embedded_names,
    },
};

/// Things to do with a provider's action map.
#[derive(Debug, Subcommand)]
pub(super) enum ProviderCommand {
    /// List all maps: where each comes from, which one it extends, whose account it shares, whether it is enabled.
    List,
    /// Print a whole map as TOML, with everything that it takes from the maps that it extends. Variables are not read.
    Show(ShowArgs),
    /// Try a map: what it would send, what it reads from recorded answers and events, what it can do.
    Test(TestArgs),
}

/// The map to print.
#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// The map's name, as in providers.enabled, or its file.
    #[arg(value_name = "NAME")]
    map: PathBuf,
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
}

/// Runs the subcommand. `settings` are read by those that need them.
///
/// # Errors
/// The settings do not load; a map that is listed, shown or tried has a fault.
pub(super) async fn run_provider_command(
    command: &ProviderCommand,
    settings: impl FnOnce() -> Result<Settings, StartError>,
    env: &Environment,
) -> Result<(), CommandError> {
    match command {
        ProviderCommand::List => list_maps(&settings()?),
        ProviderCommand::Show(args) => show_map(&args.map, settings),
        ProviderCommand::Test(args) => test_map(args, env).await,
    }
}

/// Prints a line for each map. A map with a fault is an error, after the list.
fn list_maps(settings: &Settings) -> Result<(), CommandError> {
    let (mut rows, mut faults) = (Vec::new(), Vec::new());
    let mut names = map_names(settings);
    // Why: an enabled map that does not exist is a fault that the list shows.
    let enabled = settings.providers.enabled.iter();
    names.extend(
        enabled
            .filter(|name| !map_names(settings).contains(name))
            .cloned(),
    );
    rows.push(["NAME", "FROM", "EXTENDS", "ACCOUNT", "STATE"].map(str::to_owned));
    for name in names {
        let state = if settings.providers.default == name {
            "default"
        } else if settings.providers.enabled.contains(&name) {
            "enabled"
        } else {
            "-"
        };
        let (from, extends, account) = match read_map(settings, &name) {
            Ok(map) => (
                describe_place(map.file()),
                describe_chain(&map),
                map.account().unwrap_or(&name).to_owned(),
            ),
            Err(error) => {
                faults.push(error.to_string());
                ("faulty".to_owned(), "?".to_owned(), "?".to_owned())
            }
        };
        rows.push([name, from, extends, account, state.to_owned()]);
    }
    print::print_bytes(format_columns(&rows).as_bytes())?;
    if faults.is_empty() {
        Ok(())
    } else {
        Err(faults.join("\n").into())
    }
}

fn describe_place(file: &MapFile) -> String {
    if file.is_built_in() {
        "built in".to_owned()
    } else {
        file.file().to_owned()
    }
}

/// Returns the names of the maps that a map builds on, the nearest first; `-` where there is none.
fn describe_chain(map: &MergedMap) -> String {
    let names: Vec<&str> = map.below().iter().map(MapFile::name).collect();
    if names.is_empty() {
        "-".to_owned()
    } else {
        names.join(" < ")
    }
}

/// Formats rows with each column as wide as its widest cell.
fn format_columns(rows: &[[String; 5]]) -> String {
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..5).map(width).collect();
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            // Why ignored, here and below: writing to a `String` cannot fail.
            let _ = write!(line, "{cell:width$}  ");
        }
        let _ = writeln!(out, "{}", line.trim_end());
    }
    out
}

/// Prints one map, under a comment that says where it comes from.
fn show_map(map: &Path, settings: impl FnOnce() -> Result<Settings, StartError>) -> Result<(), CommandError> {
    let merged = if map.extension().is_some() || map.exists() {
        MergedMap::read(read_file(map)?)?
    } else {
        read_map(&settings()?, &map.to_string_lossy())?
    };
    let below: Vec<String> = merged.below().iter().map(describe_source).collect();
    let mut text = format!("# {}", describe_source(merged.file()));
    if !below.is_empty() {
        let _ = write!(text, ", which extends {}", below.join(", which extends "));
    }
    let _ = writeln!(text, "\n\n{}", merged.to_toml_with_account().trim_end());
    Ok(print::print_bytes(text.as_bytes())?)
}

fn describe_source(file: &MapFile) -> String {
    if file.is_built_in() {
        format!("{} (built in)", file.name())
    } else {
        file.file().to_owned()
    }
}

/// Tries a map ([`examine`]), and prints the report. A map with problems is an error.
async fn test_map(args: &TestArgs, env: &Environment) -> Result<(), CommandError> {
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
    print::print_bytes(report.to_string().as_bytes())?;
    if report.passed() {
        Ok(())
    } else {
        Err(format!("{} problem(s)", report.problems.len()).into())
    }
}

/// Returns the map of a file, else the built-in map of this name.
fn find_map(map: &Path) -> Result<MapFile, CommandError> {
    if map.exists() {
        return read_file(map);
    }
    let name = map.to_string_lossy();
    MapFile::built_in(&name).ok_or_else(|| {
        let problem = describe_missing_map(&name, embedded_names());
        format!("{name}: no such file, and {problem}").into()
    })
}

/// Reads the map of a file.
fn read_file(path: &Path) -> Result<MapFile, CommandError> {
    MapFile::read(path).map_err(|error| format!("{}: {error}", path.display()).into())
}

/// Returns name and text of a file.
fn read_text(path: &Path) -> Result<(String, String), CommandError> {
    let name = path.to_string_lossy().into_owned();
    let text = std::fs::read_to_string(path).map_err(|error| format!("{name}: {error}"))?;
    Ok((name, text))
}
