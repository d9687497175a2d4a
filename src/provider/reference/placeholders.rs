//! The tables of placeholders and filters.

use std::fmt::Write as _;

use crate::provider::template::{FILTERS, NAMED_PLACES};

/// Writes which placeholders are available at which place.
pub(super) fn push_placeholders(out: &mut String) {
    out.push_str("| where the template stands | placeholders |\n|---|---|\n");
    for (name, place) in NAMED_PLACES {
        let available = place().list_available();
        let shown: Vec<String> = available
            .split(", ")
            .map(|name| format!("`{}`", name.replace('|', "\\|")))
            .collect();
        let _infallible = writeln!(out, "| {name} | {} |", shown.join(" "));
    }
    out.push_str(
        "\nBesides, by the names that the map gives them: captures of a call, in the calls after it, in `[upload.client]`, and in \
         `[playback.urls]` and `[thumbnail]`; signed texts of a table `compute`, where that table belongs; and in addresses of \
         signed videos `token.<name>` (`kind = \"jwt\"`) and `signature` (`kind = \"digest\"`).\n",
    );
}

/// Writes the filters.
pub(super) fn push_filters(out: &mut String) {
    out.push_str("| filter | result |\n|---|---|\n");
    for (name, what) in FILTERS {
        let _infallible = writeln!(out, "| `{name}` | {what} |");
    }
}
