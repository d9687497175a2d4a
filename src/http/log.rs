//! One line, one span and one measurement a request: by route, never by URL, since URLs can hold secrets.
//!
//! A request with a valid token, ticket or signature always has its line. Those of strangers have lines within limits
//! ([`LogLimits`]), so that nobody can fill the disk, and are counted beyond them. A fault of ours (5xx other than 503)
//! always has a line.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use http::{Method, StatusCode};
use tracing::{Span, field::Empty};

use super::peer;
use super::problems::{RequestId, problems};
use crate::limits::Network;
use crate::state::AppState;
use crate::telemetry::{LogLimits, Metrics, TRACE, Trail};

/// Requests that no route is for, whatever their path.
const NO_ROUTE: &str = "none";

/// Whether the line of a request is at debug level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lines {
    /// What the public listener is asked. Probes have no span, and their lines are at debug level.
    Shown,
    /// What the service and its built-in provider ask each other.
    Quiet,
}

/// What is written of the requests of one listener, and where it is counted. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Observer {
    lines: Lines,
    metrics: Arc<Metrics>,
    limits: LogLimits,
    proxies: Arc<[Network]>,
    /// The path under which callers reach the service.
    prefix: Arc<str>,
}

impl Observer {
    pub(crate) fn new(state: &AppState, lines: Lines) -> Self {
        Self {
            lines,
            metrics: state.metrics.clone(),
            limits: state.log_limits.clone(),
            proxies: state.settings.http.proxies.as_slice().into(),
            prefix: state.settings.http.path_prefix().into(),
        }
    }

    /// Whether the request has a line of its own.
    fn admits(&self, network: Option<IpAddr>, status: StatusCode, trail: &Trail) -> bool {
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

/// Runs the request, and says what became of it.
pub(crate) async fn watch(observer: &Observer, id: &RequestId, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let route = matched.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
    let probe = matches!(route, "/livez" | "/readyz" | "/metrics");
    let span = if probe {
        Span::none()
    } else {
        span(&method, route, id.as_str())
    };
    let quiet = probe || observer.lines == Lines::Quiet;
    let network = peer::network(request.extensions(), request.headers(), &observer.proxies);
    let trail = Trail::begin(request.headers(), span);
    let begun = Instant::now();
    let response = trail
        .clone()
        .follow(problems(id, &observer.prefix, request, next))
        .await;
    let took = begun.elapsed();
    let status = response.status();
    observer
        .metrics
        .request(route, known(&method), status.as_str(), took);
    end(trail.span(), status);
    if !quiet && !observer.admits(network, status, &trail) {
        return response;
    }
    let line = Line {
        method,
        route,
        status: status.as_u16(),
        took,
        id,
        trail,
    };
    line.write(quiet);
    response
}

/// Methods are the caller's to choose: all but the usual ones are one.
fn known(method: &Method) -> &str {
    match method.as_str() {
        usual @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS") => usual,
        _ => "other",
    }
}

fn span(method: &Method, route: &str, id: &str) -> Span {
    tracing::info_span!(
        target: TRACE,
        "request",
        otel.name = format_args!("{} {route}", known(method)),
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = known(method),
        http.route = route,
        http.response.status_code = Empty,
        request.id = id,
        video.id = Empty,
        event.id = Empty,
    )
}

fn end(span: &Span, status: StatusCode) {
    if !span.is_disabled() {
        span.record("http.response.status_code", status.as_u16());
        if status.is_server_error() {
            span.record("otel.status_code", "ERROR");
        }
    }
}

/// What the log says of a request.
struct Line<'a> {
    method: Method,
    route: &'a str,
    status: u16,
    took: Duration,
    id: &'a RequestId,
    trail: Trail,
}

impl Line<'_> {
    fn write(&self, quiet: bool) {
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
        if quiet {
            line!(debug);
        } else {
            line!(info);
        }
    }
}
