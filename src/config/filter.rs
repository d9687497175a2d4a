//! `log.filter`: a filter that would silence everything by mistake is refused.

use tracing_subscriber::filter::{EnvFilter, LevelFilter};

/// Root targets of log lines: this program, and its libraries.
const TARGETS: [&str; 14] = [
    "yourbit_video",
    "axum",
    "h2",
    "hyper",
    "hyper_util",
    "jsonwebtoken",
    "opentelemetry",
    "opentelemetry_sdk",
    "opentelemetry_otlp",
    "reqwest",
    "rustls",
    "sqlx",
    "tokio",
    "tower",
];

/// End of each error text: the syntax of a filter.
const ALLOWED: &str = "allowed: a level (error, warn, info, debug, trace, off), and levels of single parts, such as \
                       info,yourbit_video=debug";

/// Parses [`Log::filter`](super::settings::Log::filter), in the syntax of `RUST_LOG`, and returns it without white
/// space around its parts.
///
/// # Errors
/// The text is no filter, or none of its parts matches a level or a root target: nothing would be logged.
pub(super) fn parse_filter(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect();
    let filter = parts.join(",");
    if EnvFilter::try_new(&filter).is_err() {
        return Err(format!("\"{text}\" is no filter; {ALLOWED}"));
    }
    if !parts.iter().any(|part| matches_a_target(part)) {
        return Err(format!(
            "\"{text}\" names neither a level nor a part of this program, so that nothing would be logged; {ALLOWED}"
        ));
    }
    Ok(filter)
}

/// Returns whether a part of a filter is a level, or matches one of [`TARGETS`].
fn matches_a_target(part: &str) -> bool {
    // Why a part with `[` always counts: it selects spans or fields, which lines of any target may have.
    if part.contains('[') || part.parse::<LevelFilter>().is_ok() {
        return true;
    }
    let (target, has_level) = part
        .split_once('=')
        .map_or((part, false), |(target, _)| (target, true));
    let root = target.split("::").next().unwrap_or_default();
    // Why: a target matches all that begin with it. A word without a level is more likely a misspelt level, so it must
    // be a whole name.
    TARGETS
        .iter()
        .any(|known| *known == root || (has_level && known.starts_with(root)))
}

#[cfg(test)]
mod tests {
    use super::parse_filter;

    #[test]
    fn what_would_log_nothing_is_refused() {
        for text in [
            "verbose",
            "warning",
            "verbose,quiet",
            "yourbit-video=debug",
            "other=info",
            "info,=,",
            "info,yourbit_video=verbose",
            ",",
        ] {
            let refused = parse_filter(text).unwrap_err();
            assert!(refused.contains("error, warn, info"), "{text}: {refused}");
        }
        for (text, filter) in [
            ("info", "info"),
            ("INFO", "INFO"),
            ("off", "off"),
            ("3", "3"),
            ("info, sqlx=warn ,", "info,sqlx=warn"),
            ("yourbit_video::http=debug", "yourbit_video::http=debug"),
            ("yourbit_video", "yourbit_video"),
            ("yourbit=info", "yourbit=info"),
            ("info,verbose", "info,verbose"),
        ] {
            assert_eq!(parse_filter(text).as_deref(), Ok(filter));
        }
    }
}
