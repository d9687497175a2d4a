//! What operators see: logs, spans and metrics.
//!
//! A leaf that every module may import: it knows nothing of requests, rows or providers. Spans are made under the
//! target `TRACE` and go to the collector alone; the log's lines carry what they need as fields of their own. Without
//! a collector no span is made, and a place that would make one costs a look at a flag.

mod line_limit;
mod metrics;
mod otlp;
mod process;
mod trail;

use std::ffi::OsString;

use tracing_subscriber::filter::{Directive, EnvFilter, ParseError, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

pub(crate) use self::line_limit::{LineLimit, LogLimits};
pub use self::metrics::{CallMeter, Metrics};
pub use self::otlp::Export;
pub(crate) use self::process::Process;
pub(crate) use self::trail::{Trail, carried, inject, note_caller, note_event, note_video};

use crate::config::{ConfigError, Environment, Log, LogFormat};

/// The target of every span. A span with another one is nobody's.
pub(crate) const TRACE: &str = "yourbit_video::trace";

/// The database's driver and its server warn once a connection when the server goes, and once a caller when it is back. The
/// store says both once; a filter that names these targets gets the others' words too.
const DRIVER_TARGETS: [&str; 3] = ["sqlx_core::pool", "sqlx::pool", "sqlx::postgres::notice"];

/// Starts logging to standard error, once a process.
///
/// # Errors
/// `log.filter` cannot be read.
pub fn start(settings: &Log) -> Result<(), ConfigError> {
    let logging = logging(settings)?;
    // A second start in one process (tests) keeps the first.
    drop(logging.try_init());
    Ok(())
}

/// As [`start`], and sends spans where the variables of OpenTelemetry name a collector. Must be called within a
/// runtime.
///
/// # Errors
/// `log.filter` or one of the variables cannot be read.
pub fn start_with_export(settings: &Log, env: &Environment) -> Result<Export, ConfigError> {
    let Some((spans, export)) = otlp::layer(env)? else {
        start(settings)?;
        return Ok(Export::none());
    };
    // No callsite may be of interest to both: only then is every one of them asked about each time, which a filter of
    // one layer needs (a bare `enabled!` would leave its answer behind for the next event).
    let of_spans = filter_fn(|what| what.is_span() && what.target() == TRACE);
    let both = tracing_subscriber::registry()
        .with(lines(settings).with_filter(filter(settings)?))
        .with(spans.with_filter(of_spans));
    drop(both.try_init());
    Ok(export)
}

/// Lines alone.
fn logging(
    settings: &Log,
) -> Result<impl SubscriberInitExt + tracing::Subscriber + Send + Sync, ConfigError> {
    Ok(tracing_subscriber::registry()
        .with(filter(settings)?)
        .with(lines(settings)))
}

/// What `log.filter` lets through, without the spans that are for the collector.
fn filter(settings: &Log) -> Result<EnvFilter, ConfigError> {
    let refused = |error: String| ConfigError::new("settings", "log.filter", error);
    let spans = format!("{TRACE}=off").parse();
    let spans: Directive = spans.map_err(|error: ParseError| refused(error.to_string()))?;
    let mut filter = EnvFilter::try_new(&settings.filter).map_err(|error| refused(error.to_string()))?;
    for target in DRIVER_TARGETS
        .iter()
        .filter(|target| !settings.filter.contains(**target))
    {
        let errors = format!("{target}=error").parse();
        filter = filter.add_directive(errors.map_err(|error: ParseError| refused(error.to_string()))?);
    }
    Ok(filter.add_directive(spans))
}

fn lines<S>(settings: &Log) -> Box<dyn Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
{
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(is_coloured(
            std::io::IsTerminal::is_terminal(&std::io::stderr()),
            &|name| std::env::var_os(name),
        ))
        .with_target(false);
    match settings.format {
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
        LogFormat::Pretty => lines.compact().boxed(),
    }
}

/// Whether lines are coloured: on a terminal that can, where `NO_COLOR` is unset or empty (<https://no-color.org>).
fn is_coloured(is_terminal: bool, env: &dyn Fn(&str) -> Option<OsString>) -> bool {
    let is_unwanted = env("NO_COLOR").is_some_and(|value| !value.is_empty());
    is_terminal && !is_unwanted && env("TERM").is_none_or(|term| term != "dumb")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_color_takes_the_colours_out() {
        let with = |name: &'static str, value: &'static str| {
            move |asked: &str| (asked == name).then(|| OsString::from(value))
        };
        assert!(is_coloured(true, &with("NO_COLOR", "")));
        assert!(is_coloured(true, &with("TERM", "xterm")));
        assert!(!is_coloured(true, &with("NO_COLOR", "1")));
        assert!(!is_coloured(true, &with("TERM", "dumb")));
        assert!(!is_coloured(false, &with("TERM", "xterm")));
    }

    fn settings(filter: &str) -> Log {
        Log {
            format: LogFormat::Json,
            filter: filter.to_owned(),
        }
    }

    #[test]
    fn without_a_collector_no_span_is_made_and_lines_are() {
        tracing::subscriber::with_default(logging(&settings("trace")).unwrap(), || {
            assert!(tracing::info_span!(target: TRACE, "a request").is_disabled());
            assert!(tracing::enabled!(tracing::Level::INFO));
        });
    }

    #[test]
    fn a_filter_that_is_none_is_refused_by_name() {
        let refused = start(&settings("info,=,")).err().unwrap().to_string();
        assert!(refused.starts_with("settings: log.filter: "), "{refused}");
    }
}
