//! The trail of a request: facts that become known while it runs, for its log line, its span, and the calls made for
//! it.
//!
//! The trail is a task-local value, so that code deep below a handler can add to it without a parameter. A spawned task
//! has none, unless [`with_current_trail`] takes it along. Outside of a request all functions here do nothing.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::TraceContextExt;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::{Instrument, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use uuid::Uuid;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

tokio::task_local! {
    static TRAIL: Trail;
}

/// The trail of one request. Clones are cheap and share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trail(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// The span of the request; disabled without a collector.
    span: Span,
    /// The trace context of the caller, where its headers have a valid one.
    caller: Option<opentelemetry::Context>,
    /// Id of the video that the request is about.
    video: OnceLock<Uuid>,
    /// Id of the webhook event that the request brought.
    event: OnceLock<Uuid>,
    /// Whether a token, a ticket or a signature of the request was verified.
    is_known: AtomicBool,
}

impl Default for Inner {
    fn default() -> Self {
        Self {
            span: Span::none(),
            caller: None,
            video: OnceLock::new(),
            event: OnceLock::new(),
            is_known: AtomicBool::new(false),
        }
    }
}

impl Trail {
    /// Makes the trail of a request from its headers and its span, which becomes a child of the caller's span.
    pub(crate) fn from_headers(headers: &HeaderMap, span: Span) -> Self {
        // Why a fast path: most requests have no trace context.
        let caller = headers
            .contains_key(&TRACEPARENT)
            .then(|| extract_context(headers))
            .flatten();
        if let Some(caller) = &caller
            && !span.is_disabled()
        {
            // Why ignored: it fails where there is no layer of spans, and then there is no parent to set.
            let _no_layer = span.set_parent(caller.clone());
        }
        Self(Arc::new(Inner {
            span,
            caller,
            ..Inner::default()
        }))
    }

    /// Runs `work` as a part of this request: within its span, and with this trail as the current one.
    pub(crate) async fn run_within<F: Future>(self, work: F) -> F::Output {
        let span = self.0.span.clone();
        TRAIL.scope(self, work).instrument(span).await
    }

    /// Returns the span of the request; disabled without a collector.
    pub(crate) fn span(&self) -> &Span {
        &self.0.span
    }

    /// Returns the id of the video that the request is about, where it is known.
    pub(crate) fn video_id(&self) -> Option<Uuid> {
        self.0.video.get().copied()
    }

    /// Returns the id of the webhook event that the request is about, where it is known.
    pub(crate) fn event_id(&self) -> Option<Uuid> {
        self.0.event.get().copied()
    }

    /// Returns whether the caller proved itself by a token, a ticket or a signature.
    pub(crate) fn has_known_caller(&self) -> bool {
        // Why relaxed: the flag publishes no other memory.
        self.0.is_known.load(Ordering::Relaxed)
    }

    /// Returns the id of the trace that the request belongs to, as 32 hex digits: of its own span, else of the caller's
    /// context.
    pub(crate) fn trace_id(&self) -> Option<String> {
        let own = (!self.0.span.is_disabled()).then(|| self.0.span.context());
        let context = own.as_ref().or(self.0.caller.as_ref())?;
        let span = context.span();
        let known = span.span_context();
        known.is_valid().then(|| known.trace_id().to_string())
    }
}

/// Notes in the current [`Trail`] the id of the video that the request is about. The first id stays.
pub(crate) fn note_video(id: Uuid) {
    note_id(id, "video.id", |inner| &inner.video);
}

/// Notes in the current [`Trail`] the id of the webhook event that the request is about: its id in our inbox. The first
/// id stays.
pub(crate) fn note_event(id: Uuid) {
    note_id(id, "event.id", |inner| &inner.event);
}

/// Notes in the current [`Trail`] that a token, ticket or signature of the request was verified.
pub(crate) fn note_caller() {
    let _no_request = TRAIL.try_with(|Trail(inner)| inner.is_known.store(true, Ordering::Relaxed));
}

/// Sets an id of the current [`Trail`], and the field of its span.
fn note_id(id: Uuid, field: &'static str, place: impl Fn(&Inner) -> &OnceLock<Uuid>) {
    let _no_request = TRAIL.try_with(|Trail(inner)| {
        if place(inner).set(id).is_ok() && !inner.span.is_disabled() {
            inner.span.record(field, tracing::field::display(id));
        }
    });
}

/// Wraps `work`, which is to be spawned as a task of its own, as a part of the current request.
pub(crate) fn with_current_trail<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let trail = TRAIL.try_with(Trail::clone).unwrap_or_default();
    TRAIL.scope(trail, work).instrument(Span::current())
}

/// Adds the trace context to the headers of an outgoing request: that of `span`, or without a collector that of the
/// caller.
pub(crate) fn inject_trace_context(span: &Span, headers: &mut HeaderMap) {
    if !span.is_disabled() {
        return TraceContextPropagator::new().inject_context(&span.context(), &mut HeaderInjector(headers));
    }
    let _no_request = TRAIL.try_with(|Trail(inner)| {
        if let Some(caller) = &inner.caller {
            TraceContextPropagator::new().inject_context(caller, &mut HeaderInjector(headers));
        }
    });
}

/// Extracts the trace context of the headers. `None` where it is missing or invalid.
fn extract_context(headers: &HeaderMap) -> Option<opentelemetry::Context> {
    let context = TraceContextPropagator::new()
        .extract_with_context(&opentelemetry::Context::new(), &HeaderExtractor(headers));
    let valid = context.span().span_context().is_valid();
    valid.then_some(context)
}

/// Reads a trace context from headers.
struct HeaderExtractor<'a>(&'a HeaderMap);

impl Extractor for HeaderExtractor<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

/// Writes a trace context into headers.
struct HeaderInjector<'a>(&'a mut HeaderMap);

impl Injector for HeaderInjector<'_> {
    fn set(&mut self, key: &str, value: String) {
        let name = [TRACEPARENT, TRACESTATE].into_iter().find(|name| name == key);
        // Why none that is empty: the propagator sets an empty `tracestate` where the context has none.
        let value = HeaderValue::try_from(value)
            .ok()
            .filter(|value| !value.is_empty());
        if let (Some(name), Some(value)) = (name, value) {
            self.0.insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    async fn passed_on(given: &str) -> (Option<String>, HeaderMap) {
        let headers = HeaderMap::from_iter([(TRACEPARENT, HeaderValue::from_str(given).unwrap())]);
        let trail = Trail::from_headers(&headers, Span::none());
        let id = trail.trace_id();
        let out = trail.run_within(async {
            let spawned = tokio::spawn(with_current_trail(async {
                let mut out = HeaderMap::new();
                inject_trace_context(&Span::none(), &mut out);
                out
            }));
            spawned.await.unwrap()
        });
        (id, out.await)
    }

    #[tokio::test]
    async fn without_a_collector_the_callers_context_goes_on_as_it_came() {
        let (id, out) = passed_on(PARENT).await;
        assert_eq!(id.as_deref(), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
        assert_eq!(out[TRACEPARENT], PARENT);
        assert!(!out.contains_key(TRACESTATE));
    }

    #[tokio::test]
    async fn what_is_no_context_goes_nowhere() {
        for bad in [
            "",
            "hello",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "ff-4bf92f",
        ] {
            let (id, out) = passed_on(bad).await;
            assert_eq!((id, out.len()), (None, 0), "{bad}");
        }
    }
}
