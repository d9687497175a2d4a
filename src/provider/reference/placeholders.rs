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
}

/// Writes the filters.
pub(super) fn push_filters(out: &mut String) {
    out.push_str("| filter | result |\n|---|---|\n");
    for (name, what) in FILTERS {
        let _infallible = writeln!(out, "| `{name}` | {what} |");
    }
}
