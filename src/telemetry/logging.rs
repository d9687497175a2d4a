//! Logging: the subscriber that writes lines to standard error and, where a collector is named, hands spans to it.
//!
//! Two layers share one subscriber. The layer of lines follows `log.filter` and never sees a span of [`TRACE`]; the
//! layer of spans sees nothing else.

use std::ffi::OsString;

use tracing_subscriber::filter::{Directive, EnvFilter, ParseError, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use super::otlp::{self, Export};
use crate::config::{ConfigError, Environment, Log, LogFormat};

/// The target of every span. The layer of spans takes spans of this target alone.
pub(crate) const TRACE: &str = "yourbit_video::trace";

/// Targets of the database driver that are limited to errors, unless `log.filter` names them.
// Why: the driver warns once for each connection when the server goes, and once for each waiting caller when it is
// back. The store logs both once.
const DRIVER_TARGETS: [&str; 3] = ["sqlx_core::pool", "sqlx::pool", "sqlx::postgres::notice"];

/// Starts logging to standard error. A second call in one process changes nothing.
///
/// # Errors
/// [`Log::filter`] is no filter.
pub fn start(settings: &Log) -> Result<(), ConfigError> {
    let subscriber = build_subscriber(settings)?;
    // Why: tests start several services in one process; the first subscriber stays.
    drop(subscriber.try_init());
    Ok(())
}

/// Starts logging as [`start`] does, and sends spans where the variables of OpenTelemetry name a collector. Must be
/// called within a Tokio runtime.
///
/// # Errors
/// [`Log::filter`] is no filter, or one of the variables has an unsupported value.
pub fn start_with_export(settings: &Log, env: &Environment) -> Result<Export, ConfigError> {
    let Some((spans, export)) = otlp::build_layer(env)? else {
        start(settings)?;
        return Ok(Export::disabled());
    };
    // Why: no callsite may be of interest to both layers. Only then tracing evaluates the filters each time, which a
    // filter of one layer needs: a bare `enabled!` would otherwise leave its result behind for the next event.
    let of_spans = filter_fn(|what| what.is_span() && what.target() == TRACE);
    let both = tracing_subscriber::registry()
        .with(line_layer(settings).with_filter(build_filter(settings)?))
        .with(spans.with_filter(of_spans));
    drop(both.try_init());
    Ok(export)
}

/// Builds the subscriber of lines alone.
fn build_subscriber(
    settings: &Log,
) -> Result<impl SubscriberInitExt + tracing::Subscriber + Send + Sync, ConfigError> {
    Ok(tracing_subscriber::registry()
        .with(build_filter(settings)?)
        .with(line_layer(settings)))
}

/// Builds the filter of lines: [`Log::filter`], without the spans of [`TRACE`], and with [`DRIVER_TARGETS`] limited.
fn build_filter(settings: &Log) -> Result<EnvFilter, ConfigError> {
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
    // Why last: it replaces a directive of `log.filter` for the same target.
    Ok(filter.add_directive(spans))
}

/// Builds the layer that writes lines in the layout of [`Log::format`].
fn line_layer<S>(settings: &Log) -> Box<dyn Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
{
    let lines = tracing_subscriber::fmt::layer()
        // Why standard error: commands print their results on standard output.
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

/// Returns whether lines are coloured: on a terminal that supports it, unless `NO_COLOR` is set
/// (<https://no-color.org>). `env` looks up a variable.
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
        tracing::subscriber::with_default(build_subscriber(&settings("trace")).unwrap(), || {
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
