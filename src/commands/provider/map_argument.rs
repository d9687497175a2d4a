//! The map that an argument of a command names.

use std::path::Path;

use crate::{
    app::describe_missing_map,
    commands::error::CommandError,
    provider::{MapFile, embedded_names},
};

/// Returns the map of a file, else the built-in map of this name.
pub(super) fn find_map(map: &Path) -> Result<MapFile, CommandError> {
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
pub(super) fn read_file(path: &Path) -> Result<MapFile, CommandError> {
    MapFile::read(path).map_err(|error| format!("{}: {error}", path.display()).into())
}
