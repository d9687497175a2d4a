//! The API: routes, and the layers around them.

mod accept;
mod admin;
mod adopt;
mod caller;
mod error;
mod extract;
mod health;
mod lifecycle;
mod live;
mod log;
mod outgoing;
mod patch;
mod playback;
mod problem;
mod problems;
mod uploads;
mod videos;
mod view;
mod webhooks;

use std::time::Duration;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::timeout::TimeoutLayer;

use self::error::ApiError;
use crate::auth::Development;
use crate::config::Settings;
use crate::state::AppState;

pub(crate) use self::outgoing::payload;

/// Where the built-in provider is mounted; what is below it has refusals of its own form.
pub(crate) const LOCAL_PREFIX: &str = "/local";

/// Everything that the public listener serves. `local` is the built-in provider's router, `console`
/// the page's, `development` the guard of
/// development mode.
pub fn router(
    state: &AppState,
    local: Option<Router>,
    console: Option<Router>,
    development: Option<Development>,
) -> Router {
    let mut all = api(state);
    if let Some(local) = local {
        all = all.nest(LOCAL_PREFIX, local);
    }
    if let Some(console) = console {
        all = all.merge(console);
    }
    if let Some(development) = development {
        all = all.layer(from_fn_with_state(development, caller::development_guard));
    }
    // Outermost first: an id for everything, a line for everything, a problem document for every refusal.
    all.layer(
        ServiceBuilder::new()
            .layer(from_fn(problems::request_id))
            .layer(from_fn(log::request_line))
            .layer(from_fn(problems::problems)),
    )
}

/// What the inner loopback listener serves: the built-in provider, and the webhook route that it posts to.
pub fn inner_router(state: AppState, local: Router) -> Router {
    let webhooks = Router::new()
        .route("/v1/webhooks/{provider}", post(webhooks::receive))
        .with_state(state);
    webhooks.nest(LOCAL_PREFIX, local).layer(
        ServiceBuilder::new()
            .layer(from_fn(problems::request_id))
            .layer(from_fn(problems::problems)),
    )
}

fn api(state: &AppState) -> Router {
    let deadline = Duration::from_secs(state.settings.http.request_timeout_s);
    Router::new()
        .route("/v1/uploads", post(uploads::create))
        .route("/v1/videos", get(videos::list))
        .route("/v1/videos/{id}", get(videos::show).patch(patch::patch).delete(lifecycle::delete))
        .route("/v1/videos/{id}/cancel", post(lifecycle::cancel))
        .route("/v1/videos/{id}/events", get(live::events))
        .route("/v1/videos/{id}/playback", get(playback::show))
        .route("/v1/videos/{id}/thumbnails", get(playback::thumbnails))
        .route("/v1/playback", post(playback::page))
        .route("/v1/webhooks/{provider}", post(webhooks::receive))
        .route("/v1/admin/webhook-events", get(admin::events))
        .route("/v1/admin/webhook-events/{id}/replay", post(admin::replay))
        .route("/v1/admin/outgoing-events", get(outgoing::list))
        .route("/v1/admin/outgoing-events/{id}/replay", post(outgoing::replay))
        .route("/v1/admin/videos", post(adopt::adopt))
        .route("/v1/admin/videos/{id}/refresh", post(admin::refresh))
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .fallback(async || ApiError::NotFound)
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
        .with_state(state.clone())
        // Innermost last: a panic becomes a 500, a slow handler a 503, and both still get their CORS headers.
        .layer(
            ServiceBuilder::new()
                .layer(cors(&state.settings))
                .layer(CatchPanicLayer::custom(|_| ApiError::Internal("a handler panicked".into()).into_response()))
                .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, deadline)),
        )
}

fn cors(settings: &Settings) -> CorsLayer {
    let origins = &settings.http.cors_origins;
    let allowed = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(
            origins
                .iter()
                .filter_map(|origin| HeaderValue::from_str(origin).ok()),
        )
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
