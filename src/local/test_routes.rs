//! The test routes of Mux's stand-in: `POST /_test/advance` and `POST /_test/reset`.
//!
//! They are for an application's tests. [`Local::stand_in_router`](super::Local::stand_in_router) mounts them when it is
//! told to; a service never does. They need no token, so a request must come straight from this machine.

use axum::{
    Json, Router,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{any, post},
};
use chrono::SecondsFormat;
use serde_json::{Value, json};

use super::{api::Body, app::App, error::MuxError, options::ClientAddress, sweep};
use crate::config::is_loopback_origin;

/// Headers that proxies add, besides those that begin with one of [`PROXY_PREFIXES`].
const PROXY_HEADERS: [&str; 5] = ["forwarded", "via", "x-forwarded", "x-real-ip", "true-client-ip"];
/// Prefixes of further headers that proxies add.
const PROXY_PREFIXES: [&str; 2] = ["x-forwarded-", "cf-"];
/// The most seconds of one call: ten years.
const MOST_SECONDS: f64 = 10.0 * 365.0 * 24.0 * 3600.0;

/// Returns the two routes; they answer requests of this machine alone.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/_test/advance", post(advance))
        .route("/_test/reset", post(reset))
        .method_not_allowed_fallback(async || MuxError::method_not_allowed())
        .layer(middleware::from_fn(require_this_machine))
}

/// Returns the place of the routes where they are not mounted: 404. Without it these paths would be those of a file of a
/// playback id, with 405 for a POST.
pub(crate) fn absent() -> Router<App> {
    Router::new().route("/_test/{*rest}", any(async || MuxError::not_found("Page")))
}

/// Passes requests on that come straight from this machine; answers 403 to all others.
///
/// Why the `Origin` too: a browser on this machine sends what pages of other sites want.
async fn require_this_machine(request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ClientAddress>();
    let is_near = peer.is_some_and(|ClientAddress(address)| address.to_canonical().is_loopback());
    if !is_near {
        return MuxError::forbidden("The test routes answer this machine alone").into_response();
    }
    if let Some(name) = request.headers().keys().find(|name| is_proxy_header(name)) {
        let message = format!("The request has the header {name}, which proxies add");
        return MuxError::forbidden(message).into_response();
    }
    if has_foreign_origin(request.headers()) {
        return MuxError::forbidden("The request comes from a page of another machine").into_response();
    }
    next.run(request).await
}

/// Returns whether proxies add a header of this name.
fn is_proxy_header(name: &HeaderName) -> bool {
    let name = name.as_str();
    PROXY_HEADERS.contains(&name) || PROXY_PREFIXES.iter().any(|begin| name.starts_with(begin))
}

/// Returns whether there is an `Origin` that is no loopback address.
fn has_foreign_origin(headers: &HeaderMap) -> bool {
    let is_ours = |origin: &axum::http::HeaderValue| origin.to_str().is_ok_and(is_loopback_origin);
    !headers.get_all(header::ORIGIN).iter().all(is_ours)
}

/// `POST /_test/advance {"seconds": n}`: moves the provider's clock forward and answers with its time. Uploads, test assets
/// and originals whose time has come are gone with the answer; webhooks and jobs that became due follow at once.
async fn advance(State(app): State<App>, Body(body): Body) -> Result<Json<Value>, MuxError> {
    let seconds = body.get("seconds").and_then(Value::as_f64);
    let seconds = seconds.filter(|seconds| (0.0..=MOST_SECONDS).contains(seconds));
    let Some(seconds) = seconds else {
        let message = format!("seconds must be a number from 0 to {MOST_SECONDS}");
        return Err(MuxError::invalid(message));
    };
    if let Some(other) = body.keys().find(|name| *name != "seconds") {
        let other: String = other.chars().take(100).collect();
        return Err(MuxError::invalid(format!("{other} is not known")));
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a number of microseconds of ten years is exact"
    )]
    let micros = (seconds * 1e6).round() as i64;
    app.clock.advance(chrono::Duration::microseconds(micros));
    sweep::sweep_once(&app).await?;
    app.outbox_wake.notify_one();
    app.jobs_wake.notify_one();
    app.fetches_wake.notify_one();
    let now = app.clock.now().to_rfc3339_opts(SecondsFormat::Micros, true);
    Ok(Json(json!({ "data": { "now": now } })))
}

/// `POST /_test/reset`: removes uploads, assets, their files and all webhooks, and takes the clock back to the system's
/// time. The credentials stay.
///
/// 1. Webhooks under way end; no further one begins until the answer.
/// 2. All rows go in one transaction, and every id is put into the trash. A job or upload under way finds its row gone, as
///    after a deletion.
/// 3. The trash is emptied, which stops the jobs and uploads under way first.
async fn reset(State(app): State<App>, Body(body): Body) -> Result<StatusCode, MuxError> {
    if !body.is_empty() {
        return Err(MuxError::invalid("The reset takes no parameters"));
    }
    let _held = app.sending.write().await;
    app.store.remove_everything().await?;
    sweep::empty_trash(&app).await?;
    app.clock.rejoin_system();
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use axum::{body::Body, routing::get};
    use tower::ServiceExt;

    use super::*;

    async fn status(peer: Option<&str>, headers: &[(&str, &str)]) -> u16 {
        let mut request = Request::builder().uri("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::empty()).unwrap();
        if let Some(peer) = peer {
            let peer: IpAddr = peer.parse().unwrap();
            request.extensions_mut().insert(ClientAddress(peer));
        }
        let routes = Router::new()
            .route("/", get(async || "passed"))
            .layer(middleware::from_fn(require_this_machine));
        routes.oneshot(request).await.unwrap().status().as_u16()
    }

    #[tokio::test]
    async fn only_this_machine_passes() {
        for near in ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(status(Some(near), &[]).await, 200, "{near}");
        }
        for far in [
            "192.0.2.1",
            "10.0.0.1",
            "0.0.0.0",
            "2001:db8::1",
            "::ffff:192.0.2.1",
        ] {
            assert_eq!(status(Some(far), &[]).await, 403, "{far}");
        }
        assert_eq!(status(None, &[]).await, 403, "a peer that is not known");
        let near = Some("127.0.0.1");
        for header in [
            ("forwarded", "for=127.0.0.1"),
            ("x-forwarded-proto", "http"),
            ("cf-ray", "1"),
            ("x-real-ip", "127.0.0.1"),
            ("origin", "https://app.example.com"),
        ] {
            assert_eq!(status(near, &[header]).await, 403, "{header:?}");
        }
        let pages = [("origin", "http://localhost:3000")];
        assert_eq!(status(near, &pages).await, 200);
        let both = [
            ("origin", "http://localhost:3000"),
            ("origin", "https://app.example.com"),
        ];
        assert_eq!(status(near, &both).await, 403);
    }
}
