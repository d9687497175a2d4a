//! One call as operators see it: its span, its metrics, and a log line where it fails.

use std::time::Instant;

use http::{HeaderMap, Method, StatusCode};
use tracing::{Span, field::Empty};
use url::Url;

use crate::{
    provider::{action::Action, error::CallError},
    telemetry::{self, CallMeter, TRACE},
};

/// Observes one call from its start to its end.
pub(super) struct CallObserver<'a> {
    meter: &'a CallMeter,
    /// The action's table in the map, such as `asset.get`.
    action: &'a str,
    span: Span,
    /// The host called; empty until the request leaves.
    host: String,
    status: Option<u16>,
    /// The time at which the request left, after the wait for its rate permit; `None` where it never did.
    sent_at: Option<Instant>,
}

impl<'a> CallObserver<'a> {
    /// Opens the call's span. Call [`CallObserver::finish`] at its end.
    pub(super) fn start(meter: &'a CallMeter, action: &'a Action) -> Self {
        let span = tracing::info_span!(
            target: TRACE,
            "provider call",
            otel.name = format_args!("{} {}", meter.provider(), action.label),
            otel.kind = "client",
            otel.status_code = Empty,
            provider = meter.provider(),
            action = action.label,
            http.request.method = Empty,
            http.response.status_code = Empty,
            server.address = Empty,
            error.type = Empty,
        );
        Self {
            meter,
            action: &action.label,
            span,
            host: String::new(),
            status: None,
            sent_at: None,
        }
    }

    /// Returns the call's span, for the future that sends the request.
    pub(super) fn span(&self) -> Span {
        self.span.clone()
    }

    /// Notes that the request leaves now, and adds the trace's headers to it.
    pub(super) fn request_leaves(&mut self, method: &Method, url: &Url, headers: &mut HeaderMap) {
        url.host_str().unwrap_or_default().clone_into(&mut self.host);
        // Why: without tracing the values are not even formatted.
        if !self.span.is_disabled() {
            self.span.record("http.request.method", method.as_str());
            self.span.record("server.address", self.host.as_str());
        }
        telemetry::inject_trace_context(&self.span, headers);
        self.sent_at = Some(Instant::now());
    }

    /// Notes the status of the response.
    pub(super) fn response_arrived(&mut self, status: StatusCode) {
        self.status = Some(status.as_u16());
        if !self.span.is_disabled() {
            self.span.record("http.response.status_code", status.as_u16());
        }
    }

    /// Counts the call under its result's label, and logs it where it failed.
    pub(super) fn finish(self, ended: Result<&'static str, &CallError>) {
        let result = ended.unwrap_or_else(error_label);
        let took = self.sent_at.map(|sent_at| sent_at.elapsed());
        self.meter.record_call(self.action, result, took);
        let Err(error) = ended else { return };
        if matches!(error, CallError::Busy { .. }) {
            // Why no warning: our own limiter works as it should, and a burst of requests would fill the log with it.
            return tracing::debug!(provider = self.meter.provider(), action = self.action, %error, "no turn for a call");
        }
        self.span.record("error.type", result);
        self.span.record("otel.status_code", "ERROR");
        let (provider, action) = (self.meter.provider(), self.action);
        let (host, status) = (self.host.as_str(), self.status);
        tracing::warn!(provider, action, host, status, %error, "a call to the provider failed");
    }
}

/// Returns the label under which the metrics count a failed call.
pub(super) const fn error_label(error: &CallError) -> &'static str {
    match error {
        CallError::Refused { .. } => "refused",
        CallError::Outage { .. } => "outage",
        CallError::Busy { .. } => "throttled",
        CallError::NoLedger { .. } => "no_ledger",
        CallError::NoRoom { .. } => "no_room",
        CallError::TooLarge { .. } => "too_large",
        CallError::Invalid(_) => "invalid",
    }
}
