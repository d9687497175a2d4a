//! `yourbit-video settings`: every setting, its default, its variable, its meaning.

use std::fmt::Write;

use clap::Args;

use super::{CommandError, print};
use crate::config::{Listed, listed};
use crate::provider::{embedded, embedded_names, variables};

#[derive(Debug, Args)]
pub(super) struct SettingsArgs {
    /// As the tables of the README.
    #[arg(long)]
    markdown: bool,
}

/// Prints them.
pub(super) fn settings(args: &SettingsArgs) -> Result<(), CommandError> {
    let listed = listed();
    let text = if args.markdown {
        markdown(&listed)
    } else {
        plain(&listed)
    };
    Ok(print::bytes(text.as_bytes())?)
}

fn plain(listed: &Listed) -> String {
    let mut out = String::new();
    for setting in &listed.settings {
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
        let _ = writeln!(out, "{name}    {}", of_map(name, ""));
    }
    out
}

fn markdown(listed: &Listed) -> String {
    let mut out = "| setting, variable | default | meaning |\n|---|---|---|\n".to_owned();
    for setting in &listed.settings {
        let meaning = cell(&setting.meaning);
        let _ = writeln!(
            out,
            "| `{}`<br>`{}` | `{}` | {meaning} |",
            setting.key, setting.variable, setting.default
        );
    }
    out.push_str("\n| secret | meaning |\n|---|---|\n");
    for secret in &listed.secrets {
        let _ = writeln!(
            out,
            "| `{0}`<br>`{0}_FILE` | {1} |",
            secret.variable,
            cell(&secret.meaning)
        );
    }
    out.push_str("\n| built-in map | its variables, each also as `<NAME>_FILE` |\n|---|---|\n");
    for name in embedded_names() {
        let _ = writeln!(out, "| `{name}` | {} |", of_map(name, "`"));
    }
    out
}

fn of_map(name: &str, quote: &str) -> String {
    let all = variables(embedded(name).unwrap_or_default());
    let shown = all.iter().map(|(name, optional)| {
        let optional = if *optional { " (optional)" } else { "" };
        format!("{quote}{name}{quote}{optional}")
    });
    shown.collect::<Vec<_>>().join(", ")
}

/// A text that Markdown takes as it is.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}
