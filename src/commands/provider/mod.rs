//! `yourbit-video provider`: what can be done with action maps, one file a subcommand.
//!
//! `list` and `show` read maps as the service would. `test` tries one without an account at the provider, and `record`
//! makes a cassette of what the real API answers. `reference` and `schema` print what a map can say.

mod list;
mod map_argument;
mod record;
mod show;
mod test;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{error::CommandError, print};
use crate::{
    app::StartError,
    config::{Environment, Settings},
    provider::{reference_markdown, schema},
};

/// Things to do with a provider's action map.
#[derive(Debug, Subcommand)]
pub(super) enum ProviderCommand {
    /// List the maps: where each comes from, what it extends, whose account it uses, and whether it is enabled.
    List,
    /// Print a whole map, after everything that it extends, as TOML that gives the same map.
    Show(ShowArgs),
    /// Try a map: what it would send, what it reads from recorded answers and events, what it can do.
    Test(test::TestArgs),
    /// Ask the real API, reading only, and write its answers as a cassette, with secrets and ids masked.
    Record(record::RecordArgs),
    /// Print the vocabulary of maps: every table, key, placeholder and filter, as Markdown.
    Reference,
    /// Print the JSON Schema of a map, for editors that check TOML.
    Schema,
}

/// The map to print.
#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// The map's name, as in providers.enabled, or its file.
    #[arg(value_name = "NAME")]
    map: PathBuf,
}

/// Runs the subcommand. `settings` are read by those that need them.
///
/// # Errors
/// The settings do not load; a map that is listed, shown, tried or recorded has a fault.
pub(super) async fn run_provider_command(
    command: &ProviderCommand,
    settings: impl FnOnce() -> Result<Settings, StartError>,
    env: &Environment,
) -> Result<(), CommandError> {
    match command {
        ProviderCommand::List => list::list_maps(&settings()?),
        ProviderCommand::Show(args) => show::show_map(&args.map, settings),
        ProviderCommand::Test(args) => test::test_map(args, env).await,
        ProviderCommand::Record(args) => record::run_record(args, env).await,
        ProviderCommand::Reference => Ok(print::print_bytes(reference_markdown().as_bytes())?),
        ProviderCommand::Schema => Ok(print::print_bytes(format!("{:#}\n", schema()).as_bytes())?),
    }
}
