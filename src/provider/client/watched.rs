//! One call as operators see it: its span, its place in the metrics, and a line where it fails.

use std::time::Instant;

use http::{HeaderMap, Method, StatusCode};
use tracing::{Span, field::Empty};
use url::Url;

use crate::{
    provider::{action::Action, error::CallError},
    telemetry::{self, CallMeter, TRACE},
};

/// A call under way.
pub(super) struct Watched<'a> {
    meter: &'a CallMeter,
    action: &'a str,
    span: Span,
    host: String,
    status: Option<u16>,
    /// When the provider was asked; its turn in the rate is over then.
    asked: Option<Instant>,
}

impl<'a> Watched<'a> {
    pub(super) fn begin(meter: &'a CallMeter, action: &'a Action) -> Self {
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
            asked: None,
        }
    }

    pub(super) fn span(&self) -> Span {
        self.span.clone()
    }

    /// The request leaves now; the trace goes with it.
    pub(super) fn goes_out(&mut self, method: &Method, url: &Url, headers: &mut HeaderMap) {
        url.host_str().unwrap_or_default().clone_into(&mut self.host);
        if !self.span.is_disabled() {
            self.span.record("http.request.method", method.as_str());
            self.span.record("server.address", self.host.as_str());
        }
        telemetry::inject(&self.span, headers);
        self.asked = Some(Instant::now());
    }

    pub(super) fn answered(&mut self, status: StatusCode) {
        self.status = Some(status.as_u16());
        if !self.span.is_disabled() {
            self.span.record("http.response.status_code", status.as_u16());
        }
    }

    /// Counts it under its result's name, and says so where it failed.
    pub(super) fn end(self, ended: Result<&'static str, &CallError>) {
        let result = ended.unwrap_or_else(result_of);
        let took = self.asked.map(|asked| asked.elapsed());
        self.meter.ended(self.action, result, took);
        let Err(error) = ended else { return };
        if matches!(error, CallError::Busy { .. }) {
            // Why no warning: our own throttle works as it should, and a crowd would fill the log with it.
            return tracing::debug!(provider = self.meter.provider(), action = self.action, %error, "no turn for a call");
        }
        self.span.record("error.type", result);
        self.span.record("otel.status_code", "ERROR");
        let (provider, action) = (self.meter.provider(), self.action);
        let (host, status) = (self.host.as_str(), self.status);
        tracing::warn!(provider, action, host, status, %error, "a call to the provider failed");
    }
}

/// How a failed call is counted.
pub(super) const fn result_of(error: &CallError) -> &'static str {
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
