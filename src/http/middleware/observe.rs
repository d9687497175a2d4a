//! The outer layer: what happens around every request, whatever becomes of it.
//!
//! 1. **Request id.** The caller's or a new one ([`RequestId::settle`]).
//! 2. **Trail.** A span for the collector (none for probes) and a [`Trail`], into which the layers and handlers below
//!    write the video, the event, and that the caller is known.
//! 3. **Size limits.** 414, 431, or 503 on a surplus connection, before anything else is read.
//! 4. **Run**, and **problem document**: the layers and the handler below; a non-2xx response gets its document.
//! 5. **Metric**, and the status into the span.
//! 6. **Log line**, within the limits below.
//! 7. The id into the response.
//!
//! Steps 3 and 4 are [`run_with_problems`]. Requests are named by route, never by URL: URLs can hold secrets.
//!
//! A request with a valid token, ticket or signature always has its log line. Those of strangers have lines within
//! limits ([`LogLimits`]), so that strangers cannot fill the disk, and are counted beyond them. A fault of ours (5xx
//! other than 503) always has a line.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{Method, StatusCode};
use tracing::{Span, field::Empty};

use super::client_ip::resolve_network;
use super::problem_document::{ProblemForm, run_with_problems};
use super::request_id::RequestId;
use crate::limits::Network;
use crate::state::AppState;
use crate::telemetry::{LogLimits, Metrics, TRACE, Trail};

/// The route under which requests without a matching route are counted and logged, whatever their path.
const NO_ROUTE: &str = "none";

/// The level of a listener's log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogLevel {
    /// For the public listener: info, but debug for probes.
    Info,
    /// For the inner listener, where the service and its built-in provider call each other: debug, and no limits.
    Debug,
}

/// The log lines, metrics and limits of one listener's requests. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Observer {
    level: LogLevel,
    metrics: Arc<Metrics>,
    limits: LogLimits,
    /// `http.trusted_proxies`.
    proxies: Arc<[Network]>,
    /// How refusals are written.
    form: ProblemForm,
}

impl Observer {
    pub(crate) fn new(state: &AppState, level: LogLevel) -> Self {
        Self {
            level,
            metrics: state.metrics.clone(),
            limits: state.log_limits.clone(),
            proxies: state.settings.http.proxies.as_slice().into(),
            form: ProblemForm::new(&state.settings),
        }
    }

    /// Tells whether the request has a log line of its own. Counts it where the limits leave its line out.
    fn admits_line(&self, network: Option<IpAddr>, status: StatusCode, trail: &Trail) -> bool {
        let refused = status.is_client_error() || status == StatusCode::SERVICE_UNAVAILABLE;
        if trail.has_known_caller() {
            true
        } else if refused {
            self.limits.refused.admit(network)
        } else {
            status.is_server_error() || self.limits.served.admit(network)
        }
    }
}

/// The layer around every request of the public and the inner listener. See the module for the steps.
pub(crate) async fn observe(State(observer): State<Observer>, mut request: Request, next: Next) -> Response {
    // 1. Request id.
    let id = RequestId::settle(request.headers_mut());
    // 2. Trail.
    let method = request.method().clone();
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let route = matched.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
    let is_probe = matches!(route, "/livez" | "/readyz" | "/metrics");
    let span = if is_probe {
        Span::none()
    } else {
        new_span(&method, route, id.as_str())
    };
    // Why before the run: the request is gone afterwards.
    let network = resolve_network(request.extensions(), request.headers(), &observer.proxies);
    let trail = Trail::from_headers(request.headers(), span);
    // 3. Size limits. 4. Run, and problem document.
    let begun = Instant::now();
    let response = run_with_problems(&id, &observer.form, request, next);
    let mut response = trail.clone().run_within(response).await;
    let took = begun.elapsed();
    // 5. Metric and span.
    let status = response.status();
    observer
        .metrics
        .record_request(route, method_label(&method), status.as_str(), took);
    finish_span(trail.span(), status);
    // 6. Log line.
    let is_debug = is_probe || observer.level == LogLevel::Debug;
    if is_debug || observer.admits_line(network, status, &trail) {
        let line = LogLine {
            method,
            route,
            status: status.as_u16(),
            took,
            id: &id,
            trail,
        };
        line.write(is_debug);
    }
    // 7. Request id.
    id.write(response.headers_mut());
    response
}

/// The layer around requests of `http.metrics_listen`: ids and problem documents (steps 1, 3, 4 and 7) without span,
/// metric or log line.
pub(crate) async fn observe_uncounted(
    State(form): State<ProblemForm>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = RequestId::settle(request.headers_mut());
    let mut response = run_with_problems(&id, &form, request, next).await;
    id.write(response.headers_mut());
    response
}

/// Returns the method for metrics and span names.
///
/// Why not the method itself: callers can invent methods, and each would be a new time series.
fn method_label(method: &Method) -> &str {
    match method.as_str() {
        usual @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS") => usual,
        _ => "other",
    }
}

/// Opens the request's span. Fields that are empty here are recorded as they become known.
fn new_span(method: &Method, route: &str, id: &str) -> Span {
    tracing::info_span!(
        target: TRACE,
        "request",
        otel.name = format_args!("{} {route}", method_label(method)),
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = method_label(method),
        http.route = route,
        http.response.status_code = Empty,
        request.id = id,
        video.id = Empty,
        event.id = Empty,
    )
}

fn finish_span(span: &Span, status: StatusCode) {
    if !span.is_disabled() {
        span.record("http.response.status_code", status.as_u16());
        if status.is_server_error() {
            span.record("otel.status_code", "ERROR");
        }
    }
}

/// The fields of a request's log line.
struct LogLine<'a> {
    method: Method,
    route: &'a str,
    status: u16,
    took: Duration,
    id: &'a RequestId,
    trail: Trail,
}

impl LogLine<'_> {
    fn write(&self, is_debug: bool) {
        // Why a macro: the level of an event must be constant.
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    method = %self.method,
                    route = self.route,
                    status = self.status,
                    latency_ms = (self.took.as_secs_f64() * 1e6).round() / 1e3,
                    request.id = self.id.as_str(),
                    video.id = self.trail.video_id().map(tracing::field::display),
                    event.id = self.trail.event_id().map(tracing::field::display),
                    trace_id = self.trail.trace_id(),
                    "request"
                )
            };
        }
        if is_debug {
            line!(debug);
        } else {
            line!(info);
        }
    }
}
