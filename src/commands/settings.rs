//! `yourbit-video settings`: prints every setting with its default, its variable and its meaning.

use std::fmt::Write;

use clap::Args;

use super::error::CommandError;
use super::print;
use crate::config::{Listed, list_settings};
use crate::provider::{embedded_map, embedded_names, variables};

#[derive(Debug, Args)]
pub(super) struct SettingsArgs {
    /// As the tables of docs/configuration.md.
    #[arg(long)]
    markdown: bool,
}

/// Prints settings, secrets and the variables of the built-in maps.
pub(super) fn print_settings(args: &SettingsArgs) -> Result<(), CommandError> {
    let listed = list_settings();
    let text = if args.markdown {
        format_markdown(&listed)
    } else {
        format_text(&listed)
    };
    Ok(print::print_bytes(text.as_bytes())?)
}

/// Formats the lists ([`Listed`]) for a terminal.
fn format_text(listed: &Listed) -> String {
    let mut out = String::new();
    for setting in &listed.settings {
        // Why ignored, here and below: writing to a `String` cannot fail.
        let _ = writeln!(
            out,
            "{} = {}    {}\n    {}",
            setting.key, setting.default, setting.variable, setting.meaning
        );
    }
    out.push_str(
        "\nSecrets, from the environment alone: the variable, or a file that the second one names.\n\n",
    );
    for secret in &listed.secrets {
        let _ = writeln!(out, "{0}    {0}_FILE\n    {1}", secret.variable, secret.meaning);
    }
    out.push_str("\nVariables of the built-in maps, each also as <NAME>_FILE; the head of each map says what they are.\n\n");
    for name in embedded_names() {
        let _ = writeln!(out, "{name}    {}", list_map_variables(name, ""));
    }
    out
}

/// Formats the lists as the Markdown of `docs/configuration.md`: a heading and a table for each section.
fn format_markdown(listed: &Listed) -> String {
    let mut out = String::new();
    let mut section = "";
    for setting in &listed.settings {
        let own = setting.key.rsplit_once('.').map_or("", |(section, _)| section);
        if own != section {
            let blank = if section.is_empty() { "" } else { "\n" };
            let _ = writeln!(
                out,
                "{blank}## `[{own}]`\n\n| setting, variable | default | meaning |\n|---|---|---|"
            );
            section = own;
        }
        let meaning = escape_cell(&setting.meaning);
        let _ = writeln!(
            out,
            "| `{}`<br>`{}` | `{}` | {meaning} |",
            setting.key, setting.variable, setting.default
        );
    }
    out.push_str("\n## Secrets\n\n| secret | meaning |\n|---|---|\n");
    for secret in &listed.secrets {
        let _ = writeln!(
            out,
            "| `{0}`<br>`{0}_FILE` | {1} |",
            secret.variable,
            escape_cell(&secret.meaning)
        );
    }
    out.push_str("\n## Variables of the built-in maps\n\n| built-in map | its variables, each also as `<NAME>_FILE` |\n|---|---|\n");
    for name in embedded_names() {
        let _ = writeln!(out, "| `{name}` | {} |", list_map_variables(name, "`"));
    }
    out
}

/// Returns the variables of a built-in map, comma-separated, each between two `quote`s.
fn list_map_variables(name: &str, quote: &str) -> String {
    let all = variables(embedded_map(name).unwrap_or_default());
    let shown = all.iter().map(|(name, optional)| {
        let optional = if *optional { " (optional)" } else { "" };
        format!("{quote}{name}{quote}{optional}")
    });
    shown.collect::<Vec<_>>().join(", ")
}

/// Escapes a text for a cell of a Markdown table.
fn escape_cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}
