//! The API: routes, and the layers around them.

mod accept;
mod admin;
mod adopt;
mod around;
mod caller;
mod code;
mod depth;
mod docs;
mod error;
mod extract;
mod health;
mod lifecycle;
mod live;
mod log;
mod metrics;
mod openapi;
mod outgoing;
mod patch;
mod peer;
mod playback;
mod problem;
mod problems;
mod quota;
pub mod server;
mod uploads;
mod videos;
mod view;
mod webhooks;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use http::{HeaderName, Method, header};
use tower::ServiceBuilder;
use tower_http::cors::{AllowOrigin, CorsLayer};

pub use self::code::Code;
use self::error::ApiError;
use self::log::{Lines, Observer};
pub use self::openapi::document as openapi_document;
use crate::config::{Settings, is_loopback_origin};
use crate::state::AppState;

pub(crate) use self::outgoing::payload;
pub(crate) use self::peer::address_of;

/// Where the built-in provider is mounted; what is below it has refusals of its own form.
pub(crate) const LOCAL_PREFIX: &str = "/local";

/// Everything that the public listener serves. `local` is the built-in provider's router, `console` the page's. In
/// development mode this machine alone is answered.
pub fn router(state: &AppState, local: Option<Router>, console: Option<Router>) -> Router {
    let mut all = api(state);
    if let Some(local) = local {
        all = all.nest(LOCAL_PREFIX, local);
    }
    if let Some(console) = console {
        all = all.merge(console);
    }
    if state.settings.auth.is_unset() {
        all = all.merge(metrics::route(state));
        all = all.layer(from_fn(caller::development_guard));
    }
    let observer = Observer::new(state, Lines::Shown);
    all.layer(from_fn_with_state(observer, around::watched))
}

/// What the listener of `http.metrics_listen` serves.
pub fn metrics_router(state: &AppState) -> Router {
    metrics::route(state)
        .fallback(async || ApiError::NotFound)
        .layer(from_fn_with_state(
            Arc::<str>::from(state.settings.http.path_prefix()),
            around::uncounted,
        ))
}

/// What the inner loopback listener serves: the built-in provider, and the webhook route that it posts to.
pub fn inner_router(state: AppState, local: Router) -> Router {
    let observer = Observer::new(&state, Lines::Quiet);
    let (webhooks, _) = openapi::webhook_routes().split_for_parts();
    webhooks
        .with_state(state)
        .nest(LOCAL_PREFIX, local)
        .layer(from_fn_with_state(observer, around::watched))
}

fn api(state: &AppState) -> Router {
    let mut described = openapi::routes();
    if state.settings.http.docs {
        described = described.merge(openapi::documents());
    }
    let (routes, _) = described.split_for_parts();
    let (webhooks, _) = openapi::webhook_routes().split_for_parts();
    let guards = from_fn_with_state(state.clone(), around::guarded);
    // What a page is told it may read, whatever became of its request.
    let for_pages = ServiceBuilder::new()
        .layer(cors(&state.settings))
        .layer(guards.clone());
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
                .layer(guards),
        )
}

fn cors(settings: &Settings) -> CorsLayer {
    let origins = settings.http.cors_origins.clone();
    // A frontend's own development server is on another port of this machine.
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
