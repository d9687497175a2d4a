//! The arguments of the command, and the choice of the items to import.

use std::path::PathBuf;

use clap::Args;

use super::fields::is_owner;
use super::owners::Owners;
use super::tally::Tally;
use super::{listing, table};
use crate::app::{Standalone, StartError};
use crate::commands::error::CommandError;
use crate::config::{Environment, Settings};
use crate::jobs::adopt::Adopter;
use crate::provider::Priority;
use crate::telemetry;

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// The provider whose assets are imported. With --csv: providers.default where it is left out.
    #[arg(long, value_name = "NAME", required_unless_present = "csv")]
    provider: Option<String>,
    /// Everything belongs to this user.
    #[arg(long, value_name = "USER", conflicts_with_all = ["owner_from", "csv"])]
    owner: Option<String>,
    /// The owner stands in the asset itself: a JSON pointer, such as `/passthrough` or `/meta/creator_id`. Where the
    /// map sends a keyed hash of the owner (as that of `local` does, in `/meta/creator_id`), owners who have videos
    /// here are found by it; of others the hash is taken for the name.
    #[arg(long, value_name = "POINTER", conflicts_with = "csv")]
    owner_from: Option<String>,
    /// Import the lines of this file instead: `owner,title,upload_id,playback_id,created_at`.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Write nothing; say what would be done.
    #[arg(long)]
    dry_run: bool,
}

/// Imports everything, and prints a line for each item that is not known already.
///
/// # Errors
/// The import ended early, or an item could not be imported.
pub(crate) async fn import_videos(
    settings: Settings,
    env: &Environment,
    args: &ImportArgs,
) -> Result<(), CommandError> {
    // Why first: wrong options are refused before anything is opened.
    let source = Source::from_args(args)?;
    telemetry::start(&settings.log).map_err(StartError::from)?;
    let name = args.provider.as_ref().unwrap_or(&settings.providers.default);
    let alone = Standalone::build(&settings, env, name).await?;
    let adopter = Adopter {
        store: &alone.store,
        provider: &alone.provider,
        clock: &alone.clock,
        times: &alone.times,
        policy: settings.uploads.playback_policy,
        // Why: no caller waits for an import, and waiting requests then get at least half of the rate.
        priority: Priority::Background,
        dry_run: args.dry_run,
    };
    let mut tally = Tally {
        dry_run: args.dry_run,
        ..Tally::default()
    };
    let result = match source {
        Source::Csv(file) => table::import_rows(&adopter, &file, &mut tally).await,
        Source::All(owner) => listing::import_assets(&adopter, &Owners::All(owner), &mut tally).await,
        Source::At(pointer) => {
            let owners = Owners::named_at(pointer, &alone.store, &alone.hash_key).await?;
            listing::import_assets(&adopter, &owners, &mut tally).await
        }
    };
    alone.close().await;
    // Why before the error: what was imported until then stays, and the operator must see it.
    tally.print_sums();
    result?;
    match tally.failed {
        0 => Ok(()),
        failed => Err(format!("{failed} could not be imported").into()),
    }
}

/// The items to import, and the source of their owners.
enum Source {
    /// The rows of this file, which name the owner.
    Csv(PathBuf),
    /// All assets of the provider, for this one owner.
    All(String),
    /// All assets of the provider, each with its owner at this JSON pointer.
    At(String),
}

impl Source {
    /// Chooses the source by the options.
    ///
    /// # Errors
    /// No option names an owner, or one is malformed.
    fn from_args(args: &ImportArgs) -> Result<Self, CommandError> {
        match (&args.csv, &args.owner, &args.owner_from) {
            (Some(file), _, _) => Ok(Self::Csv(file.clone())),
            (None, Some(owner), _) if is_owner(owner) => Ok(Self::All(owner.clone())),
            (None, Some(_), _) => Err("--owner must have 1 to 128 characters".into()),
            (None, None, Some(pointer)) if pointer.starts_with('/') => Ok(Self::At(pointer.clone())),
            (None, None, Some(_)) => Err("--owner-from must be a JSON pointer, such as /passthrough".into()),
            (None, None, None) => Err(
                "whose are they? Give --owner USER, or --owner-from POINTER into the provider's asset".into(),
            ),
        }
    }
}
