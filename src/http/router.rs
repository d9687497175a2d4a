//! The routers of the three listeners, and the order of their layers.
//!
//! A request of the public listener passes, from the outside in:
//! 1. [`observe`]: id, trail, size limits, problem documents, metric, log line;
//! 2. in development mode, [`development_guard`];
//! 3. for API routes that pages call, CORS;
//! 4. for API routes, [`admit`]: caller, permit, deadline, panic;
//! 5. its handler.

use std::time::Duration;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use http::{HeaderName, Method, header};
use tower::ServiceBuilder;
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::metrics::metrics_route;
use super::middleware::{
    LogLevel, Observer, ProblemForm, admit, development_guard, observe, observe_uncounted,
};
use super::openapi;
use super::paths::LOCAL_PREFIX;
use super::problem::ApiError;
use crate::config::{Settings, is_loopback_origin};
use crate::state::AppState;

/// Makes the router of the public listener. `local` is the built-in provider's router, `pages` are
/// the console page and the client's scripts. In
/// development mode it answers this machine alone, and has `GET /metrics`.
pub fn router(state: &AppState, local: Option<Router>, pages: Router) -> Router {
    let mut all = api_router(state);
    if let Some(local) = local {
        all = all.nest(LOCAL_PREFIX, local);
    }
    all = all.merge(pages);
    if state.settings.auth.is_unset() {
        all = all.merge(metrics_route(state));
        all = all.layer(from_fn(development_guard));
    }
    let observer = Observer::new(state, LogLevel::Info);
    all.layer(from_fn_with_state(observer, observe))
}

/// Makes the router of the listener of `http.metrics_listen`.
pub fn metrics_router(state: &AppState) -> Router {
    metrics_route(state)
        .fallback(async || ApiError::NotFound)
        .layer(from_fn_with_state(
            ProblemForm::new(&state.settings),
            observe_uncounted,
        ))
}

/// Makes the router of the inner loopback listener: the built-in provider, and the webhook route that it posts to.
pub fn inner_router(state: AppState, local: Router) -> Router {
    let observer = Observer::new(&state, LogLevel::Debug);
    let (webhooks, _) = openapi::webhook_routes().split_for_parts();
    webhooks
        .with_state(state)
        .nest(LOCAL_PREFIX, local)
        .layer(from_fn_with_state(observer, observe))
}

/// Makes the routes of the API, with [`admit`] around all, and CORS around those that pages call.
fn api_router(state: &AppState) -> Router {
    let mut described = openapi::routes();
    if state.settings.http.docs {
        described = described.merge(openapi::document_routes());
    }
    // Why the descriptions are dropped here: the document is made once, of all routes, whatever the settings serve.
    let (routes, _) = described.split_for_parts();
    let (webhooks, _) = openapi::webhook_routes().split_for_parts();
    let admission = from_fn_with_state(state.clone(), admit);
    // Why CORS outside of `admit`: a page must be able to read a 503 as well.
    let for_pages = ServiceBuilder::new()
        .layer(cors_layer(&state.settings))
        .layer(admission.clone());
    let refused = async || ApiError::MethodNotAllowed;
    routes
        .fallback(async || ApiError::NotFound)
        .method_not_allowed_fallback(refused)
        .with_state(state.clone())
        .layer(for_pages)
        .merge(
            webhooks
                .method_not_allowed_fallback(refused)
                .with_state(state.clone())
                .layer(admission),
        )
}

/// Makes the CORS layer: origins of `http.cors_origins`, and in development mode any of this machine; never
/// credentials.
fn cors_layer(settings: &Settings) -> CorsLayer {
    let origins = settings.http.cors_origins.clone();
    // Why: a frontend's own development server is on another port of this machine.
    let loopback = settings.auth.is_unset();
    let allowed = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        AllowOrigin::predicate(move |origin, _| {
            origin.to_str().is_ok_and(|origin| {
                origins.iter().any(|listed| listed == origin) || (loopback && is_loopback_origin(origin))
            })
        })
    };
    let names = |list: &[&'static str]| {
        list.iter()
            .map(|name| HeaderName::from_static(name))
            .collect::<Vec<_>>()
    };
    CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_MATCH,
            header::IF_NONE_MATCH,
            HeaderName::from_static("idempotency-key"),
            HeaderName::from_static("last-event-id"),
        ])
        .expose_headers(names(&[
            "location",
            "etag",
            "link",
            "retry-after",
            "ratelimit",
            "ratelimit-policy",
            "x-request-id",
            "idempotency-replayed",
        ]))
        .max_age(Duration::from_hours(1))
}
