//! The command: its checks before anything is written, and which of its forms it is.

use super::args::MoveArgs;
use super::dry_run::print_dry_run;
use super::finish::{delete_old_files, print_old_files};
use super::follow::{Follower, Selection};
use crate::app::{StartError, describe_missing_map, map_names};
use crate::clock::Clock;
use crate::commands::error::CommandError;
use crate::config::{Environment, Settings};
use crate::domain::MoveKind;
use crate::store::Store;
use crate::telemetry;

/// Writes wishes, follows them to their ends, and prints a line for each and the sums.
///
/// # Errors
/// The arguments name no two providers, no service runs, the database fails, or a video could not be moved.
pub(crate) async fn move_videos(
    settings: &Settings,
    env: &Environment,
    args: &MoveArgs,
) -> Result<(), CommandError> {
    // Why first: wrong options are refused before anything is opened.
    check_names(settings, args)?;
    telemetry::start(&settings.log).map_err(StartError::from)?;
    if let (true, Some(to)) = (args.dry_run, &args.to) {
        // Why boxed: the future is large.
        return Box::pin(print_dry_run(settings, env, args, to)).await;
    }
    let store = Store::connect(&settings.database)
        .await
        .map_err(StartError::from)?;
    let result = match &args.to {
        Some(to) => follow_moves(&store, args, to).await,
        None => delete_old_files(&store, &args.from).await,
    };
    store.close().await;
    result
}

async fn follow_moves(store: &Store, args: &MoveArgs, to: &str) -> Result<(), CommandError> {
    let (from, to, kind) = if args.undo {
        (to, args.from.as_str(), MoveKind::Undo)
    } else {
        (args.from.as_str(), to, MoveKind::Move)
    };
    let selection = Selection {
        from: from.to_owned(),
        to: to.to_owned(),
        kind,
        owner: args.owner.clone(),
        limit: args.limit.unwrap_or(u64::MAX),
        without_tracks: args.without_tracks,
    };
    let tally = Follower::new(store, Clock::system(), selection).run().await?;
    tally.print_sums();
    print_old_files(store, from).await?;
    match tally.failed {
        0 => Ok(()),
        failed => Err(format!("{failed} could not be moved").into()),
    }
}

/// Checks that the options name maps that there are, and not the same twice.
fn check_names(settings: &Settings, args: &MoveArgs) -> Result<(), CommandError> {
    let names = map_names(settings);
    let named = [("--from", Some(&args.from)), ("--to", args.to.as_ref())];
    for (option, name) in named {
        if let Some(name) = name.filter(|name| !names.contains(name)) {
            let problem = describe_missing_map(name, names.iter().map(String::as_str));
            return Err(format!("{option}: provider \"{name}\": {problem}").into());
        }
    }
    if args.to.as_ref() == Some(&args.from) {
        return Err("--from and --to name the same provider".into());
    }
    Ok(())
}
