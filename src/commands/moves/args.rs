//! The arguments of the command.

use clap::Args;

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "one flag an option")]
pub(crate) struct MoveArgs {
    /// The provider that has the videos. With --undo and --finish: the one that had them.
    #[arg(long, value_name = "NAME")]
    pub(super) from: String,
    /// The provider that is to have the videos. With --undo: the one that has them now.
    #[arg(long, value_name = "NAME", required_unless_present = "finish")]
    pub(super) to: Option<String>,
    /// Only this user's videos.
    #[arg(long, value_name = "USER")]
    pub(super) owner: Option<String>,
    /// At most this many videos.
    #[arg(long, value_name = "N")]
    pub(super) limit: Option<u64>,
    /// Change nothing, and ask no provider; say what would be done, and what it takes.
    #[arg(long, conflicts_with = "undo")]
    pub(super) dry_run: bool,
    /// Take moves back: by the old files while they are there, else by new encodings.
    #[arg(long)]
    pub(super) undo: bool,
    /// Delete the old files at --from now, which a move keeps for a day, or as long as the settings say.
    #[arg(long, conflicts_with_all = ["to", "owner", "limit", "dry_run", "undo", "without_tracks"])]
    pub(super) finish: bool,
    /// Leave behind tracks that cannot be handed over. Else videos that have such tracks are skipped.
    #[arg(long)]
    pub(super) without_tracks: bool,
}
