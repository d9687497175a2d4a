//! The service's own metrics: counted where things happen, read by `GET /metrics`.
//!
//! Every label is bounded: routes by their templates, event types by the map, everything else by words of ours. What
//! is counted on a request's way costs a hash of its labels and an atomic addition; nothing is allocated.

use std::time::{Duration, Instant};

use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder,
};

use super::Process;

/// Upper bounds in seconds: an index read takes one millisecond, a request is given up after thirty.
const LATENCIES: [f64; 14] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];
/// Upper bounds in seconds, from at once to the longest wait between two tries.
const LAGS: [f64; 12] = [
    0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 600.0, 3600.0,
];

/// What is counted. Names begin with `yourbit_video_`.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// The process's, which go by names of their own.
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
    /// Set when it is read.
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

/// The version, and when the process began.
fn tell_build_and_start(all: &Maker<'_>, own: &Maker<'_>, started_at: i64) -> prometheus::Result<()> {
    let build = all.gauge("build_info", "1, with the version as a label", &["version"])?;
    build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
    let start = own.plain(
        "process_start_time_seconds",
        "When the process began, in Unix seconds",
    )?;
    start.set(started_at);
    Ok(())
}

impl Metrics {
    /// All of them, at zero. `started_at` is when the process began, in Unix seconds.
    ///
    /// # Errors
    /// Two have the same name.
    pub fn new(started_at: i64) -> prometheus::Result<Self> {
        let registry = Registry::new_custom(Some("yourbit_video".to_owned()), None)?;
        let process = Registry::new();
        let (all, own) = (Maker(&registry), Maker(&process));
        tell_build_and_start(&all, &own, started_at)?;
        Ok(Self {
            requests: all.counter("http_requests_total", "Requests answered", &["route", "method", "status"])?,
            request_seconds: all.histogram(
                "http_request_duration_seconds",
                "From a request's head to the head of its answer",
                &["route", "method"],
                &LATENCIES,
            )?,
            calls: all.counter("provider_calls_total",
                "Calls to providers: ok, gone, too_late, refused, too_large, no_room, outage, throttled (no turn in our \
                 own rate), no_ledger (turns not known), invalid",
                &["provider", "action", "result"],
            )?,
            call_seconds: all.histogram(
                "provider_call_duration_seconds",
                "How long a provider took to answer",
                &["provider", "action"],
                &LATENCIES,
            )?,
            turn_seconds: all.histogram(
                "provider_turn_wait_seconds",
                "How long a call waited for its turn in the provider's rate, whether it got one or not",
                &["provider", "kind"],
                &LATENCIES,
            )?,
            turns_waiting: all.gauge("provider_turns_waiting",
                "Calls that wait for their turn in the provider's rate: request, background",
                &["provider", "kind"],
            )?,
            webhooks: all.counter("webhook_events_total",
                "Webhooks: accepted, duplicate, ignored, unreadable, refused (signature), not_stored",
                &["provider", "type", "result"],
            )?,
            applied: all.counter("webhook_applied_total",
                "What came of events that were taken from the inbox: the state they are in then",
                &["provider", "type", "result"],
            )?,
            apply_lag: all.histogram(
                "webhook_apply_lag_seconds",
                "From an event's receipt until it was applied",
                &["provider"],
                &LAGS,
            )?,
            looks: all.counter("reconciler_looks_total",
                "Videos that the reconciler looked at: changed, unchanged, failed",
                &["provider", "result"],
            )?,
            uploads: all.counter("uploads_total",
                "Uploads: begun, rejected, too_large, unavailable, throttled (no turn, the provider not asked), failed",
                &["provider", "result"],
            )?,
            ended: all.counter("videos_ended_total",
                "Videos that came into a final status",
                &["provider", "status"],
            )?,
            deliveries: all.counter("outbox_deliveries_total",
                "Tries to tell the application: delivered, failed (tried again), given_up, disabled (410)",
                &["result"],
            )?,
            tokens: all.counter("tokens_total",
                "Playback tokens: signed, and given again from the cache",
                &["provider", "source"],
            )?,
            halted: all.gauge("reconciler_halted",
                "1 while a provider knows none of our videos, and nothing is believed of it",
                &["provider"],
            )?,
            inbox_events: all.gauge("inbox_events", "Events by state; 100000 means that or more", &["state"])?,
            inbox_oldest: all.gauge("inbox_oldest_seconds", "Age of the oldest event by state", &["state"])?,
            outbox_events: all.gauge("outbox_events",
                "Events on their way to the application; 100000 means that or more",
                &["state"],
            )?,
            outbox_oldest: all.gauge("outbox_oldest_seconds", "Age of the oldest of them", &["state"])?,
            streams: all.plain("event_streams", "Open event streams of this process")?,
            admission: all.gauge("http_admission",
                "Requests by kind: under_way, waiting for a place, lent while they wait for a provider, and how many places there are",
                &["kind", "what"],
            )?,
            connections: all.gauge("database_connections",
                "Connections to the database: in_use, idle",
                &["pool", "state"],
            )?,
            connections_max: all.gauge("database_connections_max",
                "How many there may be",
                &["pool"],
            )?,
            resident: own.plain("process_resident_memory_bytes", "Memory of the process that is in RAM")?,
            open_fds: own.plain("process_open_fds", "Open files and sockets")?,
            registry,
            process,
        })
    }

    /// Where a part of the program registers metrics of its own; their names get the prefix too.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// A request was answered. `route` is a template, or a word of ours.
    pub(crate) fn request(&self, route: &str, method: &str, status: &str, took: Duration) {
        self.requests.with_label_values(&[route, method, status]).inc();
        self.request_seconds
            .with_label_values(&[route, method])
            .observe(took.as_secs_f64());
    }

    /// A webhook came. `kind` must be bounded.
    pub(crate) fn webhook(&self, provider: &str, kind: &str, result: &str) {
        self.webhooks.with_label_values(&[provider, kind, result]).inc();
    }

    /// An event was taken from the inbox. `lag` where it is applied now.
    pub(crate) fn applied(&self, provider: &str, kind: &str, result: &str, lag: Option<Duration>) {
        self.applied.with_label_values(&[provider, kind, result]).inc();
        if let Some(lag) = lag {
            self.apply_lag
                .with_label_values(&[provider])
                .observe(lag.as_secs_f64());
        }
    }

    /// The reconciler looked at a video.
    pub(crate) fn look(&self, provider: &str, result: &str) {
        self.looks.with_label_values(&[provider, result]).inc();
    }

    /// An upload was asked of a provider.
    pub(crate) fn upload(&self, provider: &str, result: &str) {
        self.uploads.with_label_values(&[provider, result]).inc();
    }

    /// A video came into a final status.
    pub(crate) fn ended(&self, provider: &str, status: &str) {
        self.ended.with_label_values(&[provider, status]).inc();
    }

    /// A try to tell the application ended.
    pub(crate) fn delivery(&self, result: &str) {
        self.deliveries.with_label_values(&[result]).inc();
    }

    /// Counts the calls to one provider.
    pub fn calls_to(&self, provider: &str) -> CallMeter {
        CallMeter {
            provider: provider.to_owned(),
            meters: Some(Meters {
                calls: self.calls.clone(),
                seconds: self.call_seconds.clone(),
                turn_seconds: self.turn_seconds.clone(),
                turns_waiting: self.turns_waiting.clone(),
            }),
        }
    }

    /// Everything in Prometheus's text format 0.0.4, the process's part read now.
    ///
    /// # Errors
    /// A metric of a part of the program cannot be written.
    pub(crate) fn text(&self) -> prometheus::Result<String> {
        let process = Process::now();
        self.resident
            .set(whole(process.resident_bytes.unwrap_or_default()));
        self.open_fds.set(whole(process.open_fds.unwrap_or_default()));
        let mut text = String::with_capacity(16 * 1024);
        TextEncoder::new().encode_utf8(&self.registry.gather(), &mut text)?;
        TextEncoder::new().encode_utf8(&self.process.gather(), &mut text)?;
        Ok(text)
    }
}

fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Counts the calls to one provider; the default counts nothing.
#[derive(Clone, Debug, Default)]
pub struct CallMeter {
    provider: String,
    meters: Option<Meters>,
}

#[derive(Clone, Debug)]
struct Meters {
    calls: IntCounterVec,
    seconds: HistogramVec,
    turn_seconds: HistogramVec,
    turns_waiting: IntGaugeVec,
}

/// A call that waits for its turn; dropped, it waits no longer.
pub(crate) struct Waiting {
    since: Instant,
    meters: Option<(Histogram, IntGauge)>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some((seconds, waiting)) = &self.meters {
            waiting.dec();
            seconds.observe(self.since.elapsed().as_secs_f64());
        }
    }
}

impl CallMeter {
    /// Whose calls; empty where nothing is counted.
    pub(crate) fn provider(&self) -> &str {
        &self.provider
    }

    /// A call of this kind waits for its turn until what is returned is dropped.
    pub(crate) fn waiting(&self, kind: &str) -> Waiting {
        let labels = [self.provider.as_str(), kind];
        let meters = self.meters.as_ref().map(|meters| {
            let waiting = meters.turns_waiting.with_label_values(&labels);
            waiting.inc();
            (meters.turn_seconds.with_label_values(&labels), waiting)
        });
        Waiting {
            since: Instant::now(),
            meters,
        }
    }

    /// A call ended; `took` where the provider was asked at all.
    pub(crate) fn ended(&self, action: &str, result: &str, took: Option<Duration>) {
        let Some(Meters { calls, seconds, .. }) = &self.meters else {
            return;
        };
        calls.with_label_values(&[&self.provider, action, result]).inc();
        if let Some(took) = took {
            seconds
                .with_label_values(&[self.provider.as_str(), action])
                .observe(took.as_secs_f64());
        }
    }
}

/// Makes and registers.
struct Maker<'a>(&'a Registry);

impl Maker<'_> {
    fn counter(&self, name: &str, help: &str, labels: &[&str]) -> prometheus::Result<IntCounterVec> {
        let made = IntCounterVec::new(Opts::new(name, help), labels)?;
        self.0.register(Box::new(made.clone()))?;
        Ok(made)
    }

    fn gauge(&self, name: &str, help: &str, labels: &[&str]) -> prometheus::Result<IntGaugeVec> {
        let made = IntGaugeVec::new(Opts::new(name, help), labels)?;
        self.0.register(Box::new(made.clone()))?;
        Ok(made)
    }

    fn plain(&self, name: &str, help: &str) -> prometheus::Result<IntGauge> {
        let made = IntGauge::new(name, help)?;
        self.0.register(Box::new(made.clone()))?;
        Ok(made)
    }

    fn histogram(
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
