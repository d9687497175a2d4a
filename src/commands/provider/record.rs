//! `yourbit-video provider record`: what the real API answers, as a cassette.

use std::{
    fs::{File, Permissions},
    io::{ErrorKind, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use clap::Args;

use super::map_argument::find_map;
use crate::{
    clock::Clock,
    commands::{error::CommandError, print},
    config::Environment,
    provider::conformance::{Recording, RemoteIds, record},
};

/// Mode of a cassette: masks can be wrong, so that it is for its owner alone until it was looked at.
const FILE_MODE: u32 = 0o600;

/// The map, the cassette, and the video to look up.
#[derive(Debug, Args)]
pub(in crate::commands) struct RecordArgs {
    /// The map's file, or the name of one that is built in.
    #[arg(value_name = "MAP")]
    map: PathBuf,
    /// The cassette to write.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Replace the file if it is there.
    #[arg(long)]
    force: bool,
    /// Look up this upload, instead of that of the first asset that the provider lists.
    #[arg(long, value_name = "ID")]
    upload_id: Option<String>,
    /// Look up this asset, instead of the first that the provider lists.
    #[arg(long, value_name = "ID")]
    asset_id: Option<String>,
    /// Look up this playback id, instead of that of the first asset that the provider lists.
    #[arg(long, value_name = "ID")]
    playback_id: Option<String>,
}

/// Runs the subcommand ([`record()`]).
pub(super) async fn run_record(args: &RecordArgs, env: &Environment) -> Result<(), CommandError> {
    let map = find_map(&args.map)?;
    // Why already here: the provider need not be called to know this.
    if !args.force && args.out.exists() {
        return Err(describe_existing(&args.out).into());
    }
    let ids = RemoteIds {
        upload_id: args.upload_id.clone(),
        asset_id: args.asset_id.clone(),
        playback_id: args.playback_id.clone(),
    };
    let recorded = Box::pin(record(Recording {
        file: map.file(),
        toml: map.text(),
        env: &|name| env.get(name).map(str::to_owned),
        ids: &ids,
        now: Clock::system().now(),
    }))
    .await?;
    write_private(&args.out, args.force, recorded.cassette.as_bytes())?;
    for note in &recorded.notes {
        print::print_line(note)?;
    }
    print::print_line(format!(
        "written to {}: look at it before you share it",
        args.out.display()
    ))?;
    Ok(())
}

/// Writes a file that only its owner can read. With `force` it replaces one that is there.
fn write_private(path: &Path, force: bool, text: &[u8]) -> Result<(), CommandError> {
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::AlreadyExists => describe_existing(path),
        _ => format!("{}: {error}", path.display()),
    };
    let mut options = File::options();
    options.write(true).mode(FILE_MODE);
    if force {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    let mut file = options.open(path).map_err(failed)?;
    // Why: a file that was there before keeps the mode that it had.
    file.set_permissions(Permissions::from_mode(FILE_MODE))
        .and_then(|()| file.write_all(text))
        .map_err(failed)?;
    Ok(())
}

/// Returns the error for a file that is there already.
fn describe_existing(path: &Path) -> String {
    format!("{} is there already: --force replaces it", path.display())
}
