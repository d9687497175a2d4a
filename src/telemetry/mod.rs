//! Telemetry: log lines, spans and metrics, for the operators of the service.
//!
//! A leaf that every module may import: it knows nothing of requests, rows or providers. The parts:
//!
//! - `logging` starts the subscriber ([`start`], [`start_with_export`]);
//! - `otlp` sends spans to a collector ([`Export`]);
//! - `trail` holds what becomes known of a request while it runs, for its log line and its span (`Trail`);
//! - `line_limit` bounds the lines that strangers can cause (`LogLimits`);
//! - `metrics` and `call_meter` count ([`Metrics`], [`CallMeter`]), `metric_values` reads the counts; `process` reads what the system knows of the
//!   process.
//!
//! Spans are made under the target `TRACE` and go to the collector alone; a log line carries what it needs in fields
//! of its own. Without a collector no span is made: a place that would make one costs a look at a flag.

mod call_meter;
mod line_limit;
mod logging;
mod metric_values;
mod metrics;
mod otlp;
mod process;
mod trail;

pub use self::call_meter::CallMeter;
pub(crate) use self::line_limit::{LineLimit, LogLimits};
pub(crate) use self::logging::TRACE;
pub use self::logging::{start, start_with_export};
pub(crate) use self::metric_values::MetricValue;
pub use self::metrics::Metrics;
pub use self::otlp::Export;
pub(crate) use self::trail::{
    Trail, inject_trace_context, note_caller, note_event, note_video, with_current_trail,
};
