//! `GET /metrics`: counters as they are, and gauges that are set when it is read.

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderValue, header};

use super::problem::ApiError;
use crate::domain::{EventState, OutgoingState};
use crate::state::AppState;
use crate::store::{Depth, Depths};
use crate::telemetry::Metrics;

/// The age up to which the last depths are used again: several collectors cost the database no more than one.
const CACHED_FOR: chrono::Duration = chrono::Duration::seconds(5);
/// The longest wait for the database. Without its depths the response has all other metrics.
const DEPTHS_TIMEOUT: Duration = Duration::from_secs(2);

/// Makes the router of `GET /metrics`.
pub(super) fn metrics_route(state: &AppState) -> Router {
    Router::new()
        .route("/metrics", get(show_metrics))
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
        .with_state(state.clone())
}

async fn show_metrics(State(state): State<AppState>) -> Result<Response, ApiError> {
    // Why held while gauges are set: of two readers none must see gauges that the other has just reset.
    let mut last = state.cached_depths.lock().await;
    let now = state.clock.now();
    // Why `now >= at`: after the clock was set back the last depths must not be used for hours.
    let fresh = last
        .as_ref()
        .is_some_and(|(at, _)| now >= *at && now - *at < CACHED_FOR);
    if !fresh {
        *last = read_depths(&state).await.map(|depths| (now, depths));
    }
    let metrics = &state.metrics;
    set_queue_gauges(metrics, last.as_ref().map(|(_, depths)| depths), now);
    set_process_gauges(&state);
    let text = metrics
        .render_text()
        .map_err(|error| ApiError::Internal(Box::new(error)))?;
    drop(last);
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    let mut response = text.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Reads the depths of inbox and outbox; `None` where the database fails or is too slow: no figure is better than an
/// old one.
async fn read_depths(state: &AppState) -> Option<Depths> {
    match tokio::time::timeout(DEPTHS_TIMEOUT, state.store.queue_depths()).await {
        Ok(Ok(depths)) => Some(depths),
        Ok(Err(error)) => {
            error.log("the queues' depths are not known");
            None
        }
        Err(_) => {
            tracing::warn!("the queues' depths are not known: the database does not answer in time");
            None
        }
    }
}

/// Sets the gauges of inbox and outbox, by state; those without a row are absent.
fn set_queue_gauges(metrics: &Metrics, depths: Option<&Depths>, now: chrono::DateTime<chrono::Utc>) {
    // Why reset: a state without a row any more is not among the depths, and its gauge would stay.
    for gauge in [
        &metrics.inbox_events,
        &metrics.inbox_oldest,
        &metrics.outbox_events,
        &metrics.outbox_oldest,
    ] {
        gauge.reset();
    }
    let Some(depths) = depths else { return };
    let age = |depth: &Depth| depth.oldest.map_or(0, |since| (now - since).num_seconds().max(0));
    for (state, depth) in &depths.inbox {
        let state: &EventState = state;
        metrics
            .inbox_events
            .with_label_values(&[state.as_str()])
            .set(depth.count);
        metrics
            .inbox_oldest
            .with_label_values(&[state.as_str()])
            .set(age(depth));
    }
    let state = OutgoingState::Pending.as_str();
    metrics
        .outbox_events
        .with_label_values(&[state])
        .set(depths.outbox.count);
    metrics
        .outbox_oldest
        .with_label_values(&[state])
        .set(age(&depths.outbox));
}

/// Sets the gauges that the process knows by itself: streams, permits, database connections, tokens, halted
/// reconcilers.
fn set_process_gauges(state: &AppState) {
    let metrics = &state.metrics;
    let whole = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    metrics.streams.set(whole(state.hub.streams()));
    let permits = &state.permits;
    for (kind, semaphore) in [
        ("webhooks", &permits.webhooks),
        ("reads", &permits.reads),
        ("changes", &permits.changes),
        ("signing", &permits.signing),
    ] {
        let set = |what, count| {
            metrics
                .admission
                .with_label_values(&[kind, what])
                .set(whole(count));
        };
        let load = semaphore.load();
        set("under_way", load.under_way);
        set("waiting", load.waiting);
        set("lent", load.lent);
        set("places", semaphore.limits().permits);
    }
    for pool in state.store.pool_usage() {
        let set = |what, count| {
            metrics
                .connections
                .with_label_values(&[pool.name, what])
                .set(whole(count));
        };
        set("in_use", pool.open.saturating_sub(pool.idle));
        set("idle", pool.idle);
        metrics
            .connections_max
            .with_label_values(&[pool.name])
            .set(whole(pool.most));
    }
    // Why reset: the providers count since their map was loaded, and the metric takes over their totals.
    metrics.tokens.reset();
    for provider in state.providers.iter() {
        let (signed, cached) = provider.token_counts();
        let tokens = |source| metrics.tokens.with_label_values(&[provider.name(), source]);
        tokens("signed").inc_by(signed);
        tokens("cached").inc_by(cached);
        let halted = state.sightings.is_halted(provider.account());
        metrics
            .halted
            .with_label_values(&[provider.name()])
            .set(i64::from(halted));
    }
}
