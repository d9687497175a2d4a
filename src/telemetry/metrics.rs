//! The metrics of the service: recorded where things happen, rendered by `GET /metrics`.
//!
//! Every label is bounded: routes by their templates, event types by the action map, all others by closed lists of
//! words. Recording during a request costs a hash of the labels and an atomic addition, and allocates nothing. Gauges
//! of queues and pools are set when the metrics are rendered.

use std::time::Duration;

use prometheus::{
    HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder,
};

use super::call_meter::{CallMeter, CallMeters};
use super::process::Process;

/// Upper bounds of latencies in seconds: from an index read to the default deadline of a request.
const LATENCIES: [f64; 14] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];
/// Upper bounds of an event's lag in seconds: from at once to an hour.
const LAGS: [f64; 12] = [
    0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 600.0, 3600.0,
];

/// All metrics. Names begin with `yourbit_video_`, except those of the process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Metrics of the process, which have standard names without the prefix.
    process: Registry,
    requests: IntCounterVec,
    request_seconds: HistogramVec,
    calls: IntCounterVec,
    call_seconds: HistogramVec,
    turn_seconds: HistogramVec,
    turns_waiting: IntGaugeVec,
    webhooks: IntCounterVec,
    applied: IntCounterVec,
    apply_lag: HistogramVec,
    looks: IntCounterVec,
    uploads: IntCounterVec,
    ended: IntCounterVec,
    deliveries: IntCounterVec,
    // The fields from here on are set when the metrics are rendered.
    /// Playback tokens, by provider and source (signed, cached).
    pub(crate) tokens: IntCounterVec,
    pub(crate) halted: IntGaugeVec,
    pub(crate) inbox_events: IntGaugeVec,
    pub(crate) inbox_oldest: IntGaugeVec,
    pub(crate) outbox_events: IntGaugeVec,
    pub(crate) outbox_oldest: IntGaugeVec,
    pub(crate) streams: IntGauge,
    pub(crate) admission: IntGaugeVec,
    pub(crate) connections: IntGaugeVec,
    pub(crate) connections_max: IntGaugeVec,
    resident: IntGauge,
    open_fds: IntGauge,
}

/// Registers the metrics that never change: the version, and the start of the process in Unix seconds.
fn register_constants(all: &Registrar<'_>, own: &Registrar<'_>, started_at: i64) -> prometheus::Result<()> {
    let build = all.register_gauge("build_info", "1, with the version as a label", &["version"])?;
    build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
    let start = own.register_plain_gauge(
        "process_start_time_seconds",
        "When the process began, in Unix seconds",
    )?;
    start.set(started_at);
    Ok(())
}

impl Metrics {
    /// Registers all metrics, at zero. `started_at` is the start of the process in Unix seconds.
    ///
    /// # Errors
    /// Two metrics have the same name.
    pub fn new(started_at: i64) -> prometheus::Result<Self> {
        let registry = Registry::new_custom(Some("yourbit_video".to_owned()), None)?;
        let process = Registry::new();
        let (all, own) = (Registrar(&registry), Registrar(&process));
        register_constants(&all, &own, started_at)?;
        Ok(Self {
            requests: all.register_counter("http_requests_total", "Requests answered", &["route", "method", "status"])?,
            request_seconds: all.register_histogram(
                "http_request_duration_seconds",
                "From a request's head to the head of its answer",
                &["route", "method"],
                &LATENCIES,
            )?,
            calls: all.register_counter("provider_calls_total",
                "Calls to providers: ok, gone, too_late, refused, too_large, no_room, outage, throttled (no turn in our \
                 own rate), no_ledger (turns not known), invalid",
                &["provider", "action", "result"],
            )?,
            call_seconds: all.register_histogram(
                "provider_call_duration_seconds",
                "How long a provider took to answer",
                &["provider", "action"],
                &LATENCIES,
            )?,
            turn_seconds: all.register_histogram(
                "provider_turn_wait_seconds",
                "How long a call waited for its turn in the provider's rate, whether it got one or not",
                &["provider", "kind"],
                &LATENCIES,
            )?,
            turns_waiting: all.register_gauge("provider_turns_waiting",
                "Calls that wait for their turn in the provider's rate: request, background",
                &["provider", "kind"],
            )?,
            webhooks: all.register_counter("webhook_events_total",
                "Webhooks: accepted, duplicate, ignored, unreadable, refused (signature), not_stored",
                &["provider", "type", "result"],
            )?,
            applied: all.register_counter("webhook_applied_total",
                "What came of events that were taken from the inbox: the state they are in then",
                &["provider", "type", "result"],
            )?,
            apply_lag: all.register_histogram(
                "webhook_apply_lag_seconds",
                "From an event's receipt until it was applied",
                &["provider"],
                &LAGS,
            )?,
            looks: all.register_counter("reconciler_looks_total",
                "Videos that the reconciler looked at: changed, unchanged, failed",
                &["provider", "result"],
            )?,
            uploads: all.register_counter("uploads_total",
                "Uploads: begun, rejected, too_large, unavailable, throttled (no turn, the provider not asked), failed",
                &["provider", "result"],
            )?,
            ended: all.register_counter("videos_ended_total",
                "Videos that came into a final status",
                &["provider", "status"],
            )?,
            deliveries: all.register_counter("outbox_deliveries_total",
                "Tries to tell the application: delivered, failed (tried again), given_up, disabled (410)",
                &["result"],
            )?,
            tokens: all.register_counter("tokens_total",
                "Playback tokens: signed, and given again from the cache",
                &["provider", "source"],
            )?,
            halted: all.register_gauge("reconciler_halted",
                "1 while a provider knows none of our videos, and nothing is believed of it",
                &["provider"],
            )?,
            inbox_events: all.register_gauge("inbox_events", "Events by state; 100000 means that or more", &["state"])?,
            inbox_oldest: all.register_gauge("inbox_oldest_seconds", "Age of the oldest event by state", &["state"])?,
            outbox_events: all.register_gauge("outbox_events",
                "Events on their way to the application; 100000 means that or more",
                &["state"],
            )?,
            outbox_oldest: all.register_gauge("outbox_oldest_seconds", "Age of the oldest of them", &["state"])?,
            streams: all.register_plain_gauge("event_streams", "Open event streams of this process")?,
            admission: all.register_gauge("http_admission",
                "Requests by kind: under_way, waiting for a place, lent while they wait for a provider, and how many places there are",
                &["kind", "what"],
            )?,
            connections: all.register_gauge("database_connections",
                "Connections to the database: in_use, idle",
                &["pool", "state"],
            )?,
            connections_max: all.register_gauge("database_connections_max",
                "How many there may be",
                &["pool"],
            )?,
            resident: own.register_plain_gauge("process_resident_memory_bytes", "Memory of the process that is in RAM")?,
            open_fds: own.register_plain_gauge("process_open_fds", "Open files and sockets")?,
            registry,
            process,
        })
    }

    /// Returns the registry in which other modules register metrics of their own; their names get the prefix too.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Records the response to a request. `route` is the template of the route, or a word from a closed list.
    pub(crate) fn record_request(&self, route: &str, method: &str, status: &str, took: Duration) {
        self.requests.with_label_values(&[route, method, status]).inc();
        self.request_seconds
            .with_label_values(&[route, method])
            .observe(took.as_secs_f64());
    }

    /// Records the response to a webhook. `kind` is a type of event that the action map names, so that labels stay
    /// bounded.
    pub(crate) fn record_webhook(&self, provider: &str, kind: &str, result: &str) {
        self.webhooks.with_label_values(&[provider, kind, result]).inc();
    }

    /// Records an attempt to apply an event of the inbox. `lag` is the time since its receipt, where it is applied now.
    pub(crate) fn record_apply(&self, provider: &str, kind: &str, result: &str, lag: Option<Duration>) {
        self.applied.with_label_values(&[provider, kind, result]).inc();
        if let Some(lag) = lag {
            self.apply_lag
                .with_label_values(&[provider])
                .observe(lag.as_secs_f64());
        }
    }

    /// Records that the reconciler looked up a video: changed, unchanged, failed.
    pub(crate) fn record_lookup(&self, provider: &str, result: &str) {
        self.looks.with_label_values(&[provider, result]).inc();
    }

    /// Records the result of an upload request: begun, rejected, `too_large`, unavailable, throttled, failed.
    pub(crate) fn record_upload(&self, provider: &str, result: &str) {
        self.uploads.with_label_values(&[provider, result]).inc();
    }

    /// Records that a video reached a final status.
    pub(crate) fn record_final_status(&self, provider: &str, status: &str) {
        self.ended.with_label_values(&[provider, status]).inc();
    }

    /// Records the result of an attempt to deliver an outgoing event.
    pub(crate) fn record_delivery(&self, result: &str) {
        self.deliveries.with_label_values(&[result]).inc();
    }

    /// Makes the [`CallMeter`] of one provider.
    pub fn call_meter(&self, provider: &str) -> CallMeter {
        let meters = CallMeters {
            calls: self.calls.clone(),
            seconds: self.call_seconds.clone(),
            turn_seconds: self.turn_seconds.clone(),
            turns_waiting: self.turns_waiting.clone(),
        };
        CallMeter::new(provider, meters)
    }

    /// Renders all metrics in the Prometheus text format 0.0.4. Metrics of the process are read now
    /// ([`Process::read`]).
    ///
    /// # Errors
    /// A metric cannot be encoded.
    pub(crate) fn render_text(&self) -> prometheus::Result<String> {
        let process = Process::read();
        self.resident
            .set(to_gauge_value(process.resident_bytes.unwrap_or_default()));
        self.open_fds
            .set(to_gauge_value(process.open_fds.unwrap_or_default()));
        let mut text = String::with_capacity(16 * 1024);
        TextEncoder::new().encode_utf8(&self.registry.gather(), &mut text)?;
        TextEncoder::new().encode_utf8(&self.process.gather(), &mut text)?;
        Ok(text)
    }
}

/// Converts a count to the type of gauges.
fn to_gauge_value(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Makes metrics and registers them.
struct Registrar<'a>(&'a Registry);

impl Registrar<'_> {
    fn register_counter(&self, name: &str, help: &str, labels: &[&str]) -> prometheus::Result<IntCounterVec> {
        let made = IntCounterVec::new(Opts::new(name, help), labels)?;
        self.0.register(Box::new(made.clone()))?;
        Ok(made)
    }

    fn register_gauge(&self, name: &str, help: &str, labels: &[&str]) -> prometheus::Result<IntGaugeVec> {
        let made = IntGaugeVec::new(Opts::new(name, help), labels)?;
        self.0.register(Box::new(made.clone()))?;
        Ok(made)
    }

    fn register_plain_gauge(&self, name: &str, help: &str) -> prometheus::Result<IntGauge> {
        let made = IntGauge::new(name, help)?;
        self.0.register(Box::new(made.clone()))?;
        Ok(made)
    }

    fn register_histogram(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
        bounds: &[f64],
    ) -> prometheus::Result<HistogramVec> {
        let options = HistogramOpts::new(name, help).buckets(bounds.to_vec());
        let made = HistogramVec::new(options, labels)?;
        self.0.register(Box::new(made.clone()))?;
        Ok(made)
    }
}
