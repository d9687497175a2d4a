//! What each listener serves.

use axum::Router;
use axum::extract::Request;
use axum::middleware::map_request;

use crate::config::Settings;
use crate::local::{ClientAddress, Local};
use crate::state::AppState;
use crate::{client, console, http};

/// The routers of all listeners, for one snapshot of the state.
pub(super) struct Routers {
    /// For `http.listen`: the API, the console page, and what viewers and uploaders need of the built-in provider.
    pub(super) public: Router,
    /// For the inner loopback listener, where the built-in provider runs here: the provider, and the webhook route that
    /// it posts to.
    pub(super) inner: Option<Router>,
    /// For `http.metrics_listen`.
    pub(super) metrics: Router,
}

impl Routers {
    /// Builds all routers; the metrics router even where nothing listens for it.
    pub(super) fn new(state: &AppState, local: Option<&Local>) -> Self {
        let viewed = local.map(|local| public_local_router(state, local));
        Self {
            public: http::router(state, viewed, pages_router(&state.settings)),
            inner: local.map(|local| http::inner_router(state.clone(), local.router())),
            metrics: http::metrics_router(state),
        }
    }
}

/// Returns the routes of the built-in provider for the public listener. Each request carries its [`ClientAddress`],
/// found by `http.trusted_proxies`: the provider is an island and knows no proxies.
fn public_local_router(state: &AppState, local: &Local) -> Router {
    let state = state.clone();
    local.router().layer(map_request(move |request: Request| {
        let (mut parts, body) = request.into_parts();
        if let Some(address) = http::client_address(&state, &parts) {
            parts.extensions.insert(ClientAddress(address));
        }
        std::future::ready(Request::from_parts(parts, body))
    }))
}

/// Returns the console page and the scripts of the client, as far as the settings serve them.
fn pages_router(settings: &Settings) -> Router {
    let mut pages = Router::new();
    if settings.http.client {
        pages = pages.merge(client::router());
    }
    if settings.http.console {
        pages = pages.merge(console::router(console::Options {
            public_url: settings.http.public_url.clone(),
            prefix: settings.http.path_prefix().to_owned(),
            docs: settings.http.docs,
            development: settings.auth.is_unset(),
        }));
    }
    pages
}
