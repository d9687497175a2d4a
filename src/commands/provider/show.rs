//! `yourbit-video provider show`: one map, whole.

use std::{fmt::Write as _, path::Path};

use super::map_argument::read_file;
use crate::{
    app::{StartError, read_map},
    commands::{error::CommandError, print},
    config::Settings,
    provider::{MapFile, MergedMap},
};

/// Prints one map, under a comment that says where it comes from.
pub(super) fn show_map(
    map: &Path,
    settings: impl FnOnce() -> Result<Settings, StartError>,
) -> Result<(), CommandError> {
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
