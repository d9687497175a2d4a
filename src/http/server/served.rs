//! What a listener serves, exchangeable while it does.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::{ArcSwap, Guard};
use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tower::ServiceExt;

use super::connection::SURPLUS_LIFE;
use super::seats::Limits;
use crate::config::Http;

/// The head of a request, in bytes, beyond which hyper refuses it; ours is lower, see [`super::super::quota`].
const HEAD_BYTES: u32 = 64 * 1024;
/// Requests at the same time on one HTTP/2 connection.
const STREAMS: u32 = 128;

/// A router, and the limits of connections to it. Whoever holds it sees an exchange at once: a request goes to the
/// router that is there when its head is read, a connection keeps the limits that were there when it began. Cheap to
/// clone.
#[derive(Clone, Debug)]
pub struct Served(Arc<ArcSwap<Now>>);

/// What is served now.
#[derive(Debug)]
pub(super) struct Now {
    pub(super) router: Router,
    pub(super) seats: Limits,
    pub(super) regular: Builder<TokioExecutor>,
    pub(super) surplus: Builder<TokioExecutor>,
    pub(super) header_timeout: Duration,
    pub(super) body_timeout: Duration,
}

impl Served {
    /// Serves `router` within the limits of `settings`.
    pub fn new(router: Router, settings: &Http) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(Now::new(router, settings))))
    }

    /// From now on serves this. Requests and streams under way end on what they began with.
    pub fn exchange(&self, router: Router, settings: &Http) {
        self.0.store(Arc::new(Now::new(router, settings)));
    }

    /// A router that hands every request to the one of its time.
    pub fn router(&self) -> Router {
        let served = self.clone();
        Router::new().fallback_service(tower::service_fn(move |request| {
            served.now().router.clone().oneshot(request)
        }))
    }

    pub(super) fn now(&self) -> Guard<Arc<Now>> {
        self.0.load()
    }
}

impl Now {
    fn new(router: Router, settings: &Http) -> Self {
        let header_timeout = Duration::from_secs(settings.header_timeout_s);
        let mut surplus = builder(SURPLUS_LIFE);
        surplus.http1().keep_alive(false);
        Self {
            // Once, not with every request.
            router: router.with_state(()),
            seats: Limits::of(settings),
            regular: builder(header_timeout),
            surplus,
            header_timeout,
            body_timeout: Duration::from_secs(settings.body_timeout_s),
        }
    }
}

fn builder(header_timeout: Duration) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        // Head and body of an answer are small: one copy costs less than telling the system of two pieces.
        .writev(false)
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .max_buf_size(usize::try_from(HEAD_BYTES).unwrap_or(usize::MAX));
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(header_timeout)
        .keep_alive_timeout(header_timeout)
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEAD_BYTES);
    builder
}
