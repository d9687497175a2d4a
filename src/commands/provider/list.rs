//! `yourbit-video provider list`: every map that there is.

use std::fmt::Write as _;

use crate::{
    app::{map_names, read_map},
    commands::{error::CommandError, print},
    config::Settings,
    provider::{MapFile, MergedMap},
};

/// Prints a line for each map. A map with a fault is an error, after the list.
pub(super) fn list_maps(settings: &Settings) -> Result<(), CommandError> {
    let (mut rows, mut faults) = (Vec::new(), Vec::new());
    let mut names = map_names(settings);
    // Why: an enabled map that does not exist is a fault that the list shows.
    let missing = settings
        .providers
        .enabled
        .iter()
        .filter(|name| !names.contains(name));
    names.extend(missing.cloned().collect::<Vec<_>>());
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
