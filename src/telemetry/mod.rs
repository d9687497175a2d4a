//! What operators see: logs, spans and metrics.
//!
//! A leaf that every module may import: it knows nothing of requests, rows or providers. Spans are made under the
//! target [`TRACE`] and go to the collector alone; the log's lines carry what they need as fields of their own. Without
//! a collector no span is made, and a place that would make one costs a look at a flag.

mod metrics;
mod otlp;
mod process;
mod trail;

use tracing_subscriber::filter::{EnvFilter, FilterExt, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

pub use self::metrics::{CallMeter, Metrics};
pub use self::otlp::Export;
pub(crate) use self::process::Process;
pub(crate) use self::trail::{Trail, carried, inject, note_event, note_video};

use crate::config::{ConfigError, Environment, Log, LogFormat};

/// The target of every span. A span with another one is nobody's.
pub(crate) const TRACE: &str = "yourbit_video::trace";

/// Starts logging to standard error, once a process.
///
/// # Errors
/// `log.filter` cannot be read.
pub fn start(settings: &Log) -> Result<(), ConfigError> {
    let lines = lines(settings)?;
    // A second start in one process (tests) keeps the first.
    drop(tracing_subscriber::registry().with(lines).try_init());
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
    let spans = spans.with_filter(filter_fn(|what| what.is_span() && what.target() == TRACE));
    let lines = lines(settings)?;
    drop(tracing_subscriber::registry().with(lines).with(spans).try_init());
    Ok(export)
}

/// The log's lines: events alone, never the spans that are for the collector.
fn lines<S>(settings: &Log) -> Result<impl Layer<S>, ConfigError>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
{
    let filter = EnvFilter::try_new(&settings.filter)
        .map_err(|error| ConfigError::new("settings", "log.filter", error.to_string()))?;
    let filter = filter.and(filter_fn(|what| what.target() != TRACE));
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .with_target(false);
    Ok(match settings.format {
        LogFormat::Json => lines.json().flatten_event(true).with_filter(filter).boxed(),
        LogFormat::Pretty => lines.compact().with_filter(filter).boxed(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_collector_no_span_is_made_and_lines_are() {
        let settings = Log {
            format: LogFormat::Json,
            filter: "trace".to_owned(),
        };
        let subscriber = tracing_subscriber::registry().with(lines(&settings).unwrap());
        tracing::subscriber::with_default(subscriber, || {
            assert!(tracing::info_span!(target: TRACE, "a request").is_disabled());
            assert!(tracing::enabled!(tracing::Level::INFO));
        });
    }
}
