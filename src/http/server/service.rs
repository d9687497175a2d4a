//! [`ServiceHandle`]: the router and the limits of a listener, replaceable while they are in use.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::{ArcSwap, Guard};
use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tower::ServiceExt;

use super::connection_limits::{ConnectionLimits, SURPLUS_LIFE};
use crate::config::Http;

/// The head of a request, in bytes, beyond which hyper refuses it. Our own limit
/// ([`observe`](crate::http::middleware::observe())) is lower, and refuses with a problem document.
const HEAD_BYTES: u32 = 64 * 1024;
/// Requests at the same time on one HTTP/2 connection.
const STREAMS: u32 = 128;

/// A handle to the service of a listener: a router, and the limits of connections to it. Cheap to clone; all clones see
/// a [`replace`](Self::replace) at once. A request goes to the router that is current when its head was read, a
/// connection keeps the limits that were current when it began.
#[derive(Clone, Debug)]
// Why `ArcSwap`: every request reads the current service, and none of them may wait for a lock.
pub struct ServiceHandle(Arc<ArcSwap<CurrentService>>);

/// The service that is current.
#[derive(Debug)]
pub(super) struct CurrentService {
    pub(super) router: Router,
    pub(super) limits: ConnectionLimits,
    /// hyper's settings of a connection within the limits.
    pub(super) regular: Builder<TokioExecutor>,
    /// hyper's settings of a connection beyond them: one request.
    pub(super) surplus: Builder<TokioExecutor>,
    /// `http.header_timeout_s`; also the longest idle time.
    pub(super) header_timeout: Duration,
    /// `http.body_timeout_s`: the longest pause in reading a response or sending a body.
    pub(super) body_timeout: Duration,
}

impl ServiceHandle {
    /// Serves `router` within the limits of `settings`.
    pub fn new(router: Router, settings: &Http) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(CurrentService::new(
            router, settings,
        ))))
    }

    /// Makes `router` and the limits of `settings` current. Requests, and event streams, that are under way end on what
    /// they began with.
    pub fn replace(&self, router: Router, settings: &Http) {
        self.0.store(Arc::new(CurrentService::new(router, settings)));
    }

    /// A router that forwards each request to the service that is current when the request arrives.
    pub fn router(&self) -> Router {
        let served = self.clone();
        Router::new().fallback_service(tower::service_fn(move |request| {
            served.current().router.clone().oneshot(request)
        }))
    }

    pub(super) fn current(&self) -> Guard<Arc<CurrentService>> {
        self.0.load()
    }
}

impl CurrentService {
    fn new(router: Router, settings: &Http) -> Self {
        let header_timeout = Duration::from_secs(settings.header_timeout_s);
        let mut surplus = connection_builder(SURPLUS_LIFE);
        surplus.http1().keep_alive(false);
        Self {
            // Why: axum prepares the router's inner parts here, once; else it would with every request.
            router: router.with_state(()),
            limits: ConnectionLimits::new(settings),
            regular: connection_builder(header_timeout),
            surplus,
            header_timeout,
            body_timeout: Duration::from_secs(settings.body_timeout_s),
        }
    }
}

/// Makes hyper's settings of a connection: HTTP/1.1 or HTTP/2, as its first bytes say.
fn connection_builder(header_timeout: Duration) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        // Why: head and body of a response are small, and one copy costs less than a system call with two pieces.
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
