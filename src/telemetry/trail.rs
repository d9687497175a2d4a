//! What becomes known of a request on its way: for its line in the log, its span, and the calls made for it.

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

/// One request's trail. Cheap to clone; clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trail(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    span: Span,
    /// The caller's context, where its form is right.
    caller: Option<opentelemetry::Context>,
    video: OnceLock<Uuid>,
    event: OnceLock<Uuid>,
    /// A token, a ticket or a signature of it was believed.
    known: AtomicBool,
}

impl Default for Inner {
    fn default() -> Self {
        Self {
            span: Span::none(),
            caller: None,
            video: OnceLock::new(),
            event: OnceLock::new(),
            known: AtomicBool::new(false),
        }
    }
}

impl Trail {
    /// Begins with the request's headers and its span, which becomes a child of the caller's.
    pub(crate) fn begin(headers: &HeaderMap, span: Span) -> Self {
        let caller = headers
            .contains_key(&TRACEPARENT)
            .then(|| context(headers))
            .flatten();
        if let Some(caller) = &caller
            && !span.is_disabled()
        {
            // Fails where the layer is not there, and then there is nothing to set.
            let _no_layer = span.set_parent(caller.clone());
        }
        Self(Arc::new(Inner {
            span,
            caller,
            ..Inner::default()
        }))
    }

    /// Runs `work` as a part of this request.
    pub(crate) async fn follow<F: Future>(self, work: F) -> F::Output {
        let span = self.0.span.clone();
        TRAIL.scope(self, work).instrument(span).await
    }

    /// The request's span; disabled where nobody collects.
    pub(crate) fn span(&self) -> &Span {
        &self.0.span
    }

    /// The video that it was about.
    pub(crate) fn video_id(&self) -> Option<Uuid> {
        self.0.video.get().copied()
    }

    /// The webhook event that it was about.
    pub(crate) fn event_id(&self) -> Option<Uuid> {
        self.0.event.get().copied()
    }

    /// Whether its caller proved to be one: by a token, a ticket or a signature.
    pub(crate) fn has_known_caller(&self) -> bool {
        self.0.known.load(Ordering::Relaxed)
    }

    /// The trace that it belongs to: 32 hex digits.
    pub(crate) fn trace_id(&self) -> Option<String> {
        let own = (!self.0.span.is_disabled()).then(|| self.0.span.context());
        let context = own.as_ref().or(self.0.caller.as_ref())?;
        let span = context.span();
        let known = span.span_context();
        known.is_valid().then(|| known.trace_id().to_string())
    }
}

/// The request is about this video; the first word counts. Outside of a request nothing happens.
pub(crate) fn note_video(id: Uuid) {
    note(id, "video.id", |inner| &inner.video);
}

/// The request is about this webhook event (our id); the first word counts.
pub(crate) fn note_event(id: Uuid) {
    note(id, "event.id", |inner| &inner.event);
}

/// The request's token, ticket or signature is believed. Outside of a request nothing happens.
pub(crate) fn note_caller() {
    let _no_request = TRAIL.try_with(|Trail(inner)| inner.known.store(true, Ordering::Relaxed));
}

fn note(id: Uuid, field: &'static str, place: impl Fn(&Inner) -> &OnceLock<Uuid>) {
    let _no_request = TRAIL.try_with(|Trail(inner)| {
        if place(inner).set(id).is_ok() && !inner.span.is_disabled() {
            inner.span.record(field, tracing::field::display(id));
        }
    });
}

/// `work` as a part of the current request, for a task of its own.
pub(crate) fn carried<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let trail = TRAIL.try_with(Trail::clone).unwrap_or_default();
    TRAIL.scope(trail, work).instrument(Span::current())
}

/// Puts the trace into a request that we make: `span`'s, or where nobody collects the caller's own.
pub(crate) fn inject(span: &Span, headers: &mut HeaderMap) {
    if !span.is_disabled() {
        return TraceContextPropagator::new().inject_context(&span.context(), &mut Into(headers));
    }
    let _no_request = TRAIL.try_with(|Trail(inner)| {
        if let Some(caller) = &inner.caller {
            TraceContextPropagator::new().inject_context(caller, &mut Into(headers));
        }
    });
}

fn context(headers: &HeaderMap) -> Option<opentelemetry::Context> {
    let context =
        TraceContextPropagator::new().extract_with_context(&opentelemetry::Context::new(), &From(headers));
    let valid = context.span().span_context().is_valid();
    valid.then_some(context)
}

struct From<'a>(&'a HeaderMap);

impl Extractor for From<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

struct Into<'a>(&'a mut HeaderMap);

impl Injector for Into<'_> {
    fn set(&mut self, key: &str, value: String) {
        let name = [TRACEPARENT, TRACESTATE].into_iter().find(|name| name == key);
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
        let trail = Trail::begin(&headers, Span::none());
        let id = trail.trace_id();
        let out = trail.follow(async {
            let spawned = tokio::spawn(carried(async {
                let mut out = HeaderMap::new();
                inject(&Span::none(), &mut out);
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
