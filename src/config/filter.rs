//! `log.filter`: one that would silence everything is refused.

use tracing_subscriber::filter::{EnvFilter, LevelFilter};

/// What writes log lines: this program and the libraries that it is made of.
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

const ALLOWED: &str = "allowed: a level (error, warn, info, debug, trace, off), and levels of single parts, such as \
                       info,yourbit_video=debug";

/// Reads a filter as of `RUST_LOG`, without white space around its parts.
pub(super) fn read(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect();
    let filter = parts.join(",");
    if EnvFilter::try_new(&filter).is_err() {
        return Err(format!("\"{text}\" is no filter; {ALLOWED}"));
    }
    if !parts.iter().any(|part| speaks_of_us(part)) {
        return Err(format!(
            "\"{text}\" names neither a level nor a part of this program, so that nothing would be logged; {ALLOWED}"
        ));
    }
    Ok(filter)
}

/// Whether a part of a filter is about something that there is.
fn speaks_of_us(part: &str) -> bool {
    if part.contains('[') || part.parse::<LevelFilter>().is_ok() {
        return true;
    }
    let (target, has_level) = part
        .split_once('=')
        .map_or((part, false), |(target, _)| (target, true));
    let root = target.split("::").next().unwrap_or_default();
    // A target means all that begin with it; a word alone is more likely a level that is misspelt.
    TARGETS
        .iter()
        .any(|known| *known == root || (has_level && known.starts_with(root)))
}

#[cfg(test)]
mod tests {
    use super::read;

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
            let refused = read(text).unwrap_err();
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
            assert_eq!(read(text).as_deref(), Ok(filter));
        }
    }
}
