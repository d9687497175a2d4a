//! The arguments of the command, and its checks before anything is written.

use clap::Args;

use super::follow::{Follower, Selection};
use crate::app::{StartError, describe_missing_map, map_names};
use crate::clock::Clock;
use crate::commands::error::CommandError;
use crate::config::Settings;
use crate::domain::MoveKind;
use crate::store::Store;

#[derive(Debug, Args)]
pub(crate) struct MoveArgs {
    /// The provider that has the videos. With --undo: the one that had them.
    #[arg(long, value_name = "NAME")]
    from: String,
    /// The provider that is to have the videos. With --undo: the one that has them now.
    #[arg(long, value_name = "NAME")]
    to: String,
    /// Only this user's videos.
    #[arg(long, value_name = "USER")]
    owner: Option<String>,
    /// At most this many videos.
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// Take moves back: by the old files while they are there, else by new encodings.
    #[arg(long)]
    undo: bool,
    /// Leave behind tracks that cannot be handed over. Else videos that have such tracks are skipped.
    #[arg(long)]
    without_tracks: bool,
}

/// Writes wishes, follows them to their ends, and prints a line for each and the sums.
///
/// # Errors
/// The arguments name no two providers, no service runs, the database fails, or a video could not be moved.
pub(crate) async fn move_videos(settings: &Settings, args: &MoveArgs) -> Result<(), CommandError> {
    // Why first: wrong options are refused before anything is opened.
    check_names(settings, args)?;
    let store = Store::connect(&settings.database)
        .await
        .map_err(StartError::from)?;
    let result = follow_moves(&store, args).await;
    store.close().await;
    result
}

async fn follow_moves(store: &Store, args: &MoveArgs) -> Result<(), CommandError> {
    let (from, to, kind) = if args.undo {
        (&args.to, &args.from, MoveKind::Undo)
    } else {
        (&args.from, &args.to, MoveKind::Move)
    };
    let selection = Selection {
        from: from.clone(),
        to: to.clone(),
        kind,
        owner: args.owner.clone(),
        limit: args.limit.unwrap_or(u64::MAX),
        without_tracks: args.without_tracks,
    };
    let tally = Follower::new(store, Clock::system(), selection).run().await?;
    tally.print_sums();
    match tally.failed {
        0 => Ok(()),
        failed => Err(format!("{failed} could not be moved").into()),
    }
}

/// Checks that both options name maps that there are, and not the same.
fn check_names(settings: &Settings, args: &MoveArgs) -> Result<(), CommandError> {
    let names = map_names(settings);
    for (option, name) in [("--from", &args.from), ("--to", &args.to)] {
        if !names.contains(name) {
            let problem = describe_missing_map(name, names.iter().map(String::as_str));
            return Err(format!("{option}: provider \"{name}\": {problem}").into());
        }
    }
    if args.from == args.to {
        return Err("--from and --to name the same provider".into());
    }
    Ok(())
}
