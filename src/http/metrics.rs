//! `GET /metrics`: what was counted, and how things stand now.

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderValue, header};

use super::error::ApiError;
use crate::domain::{EventState, OutgoingState};
use crate::state::AppState;
use crate::store::{Depth, Depths};
use crate::telemetry::Metrics;

/// How long the queues' depths are believed: several collectors cost the database no more than one.
const CACHED_FOR: chrono::Duration = chrono::Duration::seconds(5);
/// A database that takes longer is not waited for: everything else is told all the same.
const PATIENCE: Duration = Duration::from_secs(2);

/// The one route.
pub(super) fn route(state: &AppState) -> Router {
    Router::new()
        .route("/metrics", get(read))
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
        .with_state(state.clone())
}

async fn read(State(state): State<AppState>) -> Result<Response, ApiError> {
    // Held while gauges are set, so that two readers do not see each other's half.
    let mut last = state.last_depths.lock().await;
    let now = state.clock.now();
    let fresh = last
        .as_ref()
        .is_some_and(|(at, _)| now >= *at && now - *at < CACHED_FOR);
    if !fresh {
        *last = depths(&state).await.map(|depths| (now, depths));
    }
    let metrics = &state.metrics;
    queues(metrics, last.as_ref().map(|(_, depths)| depths), now);
    momentary(&state);
    let text = metrics
        .text()
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

/// None where the database does not tell: no figure is better than an old one.
async fn depths(state: &AppState) -> Option<Depths> {
    match tokio::time::timeout(PATIENCE, state.store.depths()).await {
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

fn queues(metrics: &Metrics, depths: Option<&Depths>, now: chrono::DateTime<chrono::Utc>) {
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

/// What is asked of the process itself.
fn momentary(state: &AppState) {
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
    for pool in state.store.pools() {
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
    metrics.tokens.reset();
    for provider in state.providers.all() {
        let (signed, cached) = provider.token_counts();
        let tokens = |source| metrics.tokens.with_label_values(&[provider.name(), source]);
        tokens("signed").inc_by(signed);
        tokens("cached").inc_by(cached);
        let halted = state.sightings.halted(provider.name());
        metrics
            .halted
            .with_label_values(&[provider.name()])
            .set(i64::from(halted));
    }
}
