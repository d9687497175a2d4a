//! One connection: its protocol, its deadlines, its end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::response::Response;
use http::{Request, Version};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpStream;
use tokio::time::{Instant, interval_at};
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::Surplus;
use super::body::{arriving, holding};
use super::seats::Seat;
use crate::config::Http;
use crate::http::peer::Peer;

/// The head of a request, in bytes, beyond which hyper refuses it; ours is lower, see [`super::super::quota`].
const HEAD_BYTES: u32 = 64 * 1024;
/// Requests at the same time on one HTTP/2 connection.
const STREAMS: u32 = 128;
/// How long a connection beyond the limit may take in all.
const SURPLUS_LIFE: Duration = Duration::from_secs(2);

/// What all connections share.
pub(super) struct Server {
    router: Router,
    regular: Builder<TokioExecutor>,
    surplus: Builder<TokioExecutor>,
    header_timeout: Duration,
    body_timeout: Duration,
}

/// What the requests of one connection share. Each HTTP/2 exchange under way holds one more reference to it.
struct Line {
    router: Router,
    peer: SocketAddr,
    surplus: bool,
    body_timeout: Duration,
    /// Hyper's own deadlines hold from here on: those of HTTP/1.1 are complete.
    http1: AtomicBool,
    exchanges: AtomicU64,
}

/// References to the [`Line`] of a connection without any exchange.
const NO_EXCHANGE: usize = 2;

impl Server {
    pub(super) fn new(router: Router, settings: &Http) -> Self {
        let header_timeout = Duration::from_secs(settings.header_timeout_s);
        let mut surplus = builder(SURPLUS_LIFE);
        surplus.http1().keep_alive(false);
        Self {
            // Once, not with every request.
            router: router.with_state(()),
            regular: builder(header_timeout),
            surplus,
            header_timeout,
            body_timeout: Duration::from_secs(settings.body_timeout_s),
        }
    }

    /// Serves the connection to its end, or until it dawdles. After `stop` it takes no further requests.
    pub(super) async fn run(
        self: Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
        seat: Seat,
        stop: CancellationToken,
    ) {
        if seat.is_surplus() {
            let life = self.exchange(stream, peer, &seat, &stop);
            let _late = tokio::time::timeout(SURPLUS_LIFE, life).await;
        } else {
            self.exchange(stream, peer, &seat, &stop).await;
        }
    }

    async fn exchange(&self, stream: TcpStream, peer: SocketAddr, seat: &Seat, stop: &CancellationToken) {
        let _only_slower = stream.set_nodelay(true);
        let mut stream = TimeoutStream::new(stream);
        // A client that does not take what it asked for.
        stream.set_write_timeout(Some(self.body_timeout));
        let line = Arc::new(Line {
            router: self.router.clone(),
            peer,
            surplus: seat.is_surplus(),
            body_timeout: self.body_timeout,
            http1: AtomicBool::new(false),
            exchanges: AtomicU64::new(0),
        });
        let of_requests = line.clone();
        let service = service_fn(move |request| of_requests.clone().answer(request));
        let builder = if line.surplus {
            &self.surplus
        } else {
            &self.regular
        };
        let mut connection = pin!(builder.serve_connection(TokioIo::new(Box::pin(stream)), service));
        let mut look = interval_at(Instant::now() + self.header_timeout, self.header_timeout);
        let (mut ending, mut watched, mut exchanges) = (false, true, 0);
        loop {
            tokio::select! {
                biased;
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(error = error.as_ref() as &dyn std::error::Error, "a connection broke off");
                    }
                    return;
                }
                () = stop.cancelled(), if !ending => {
                    ending = true;
                    connection.as_mut().graceful_shutdown();
                }
                _ = look.tick(), if watched => {
                    watched = !line.http1.load(Ordering::Relaxed);
                    if !watched {
                        continue;
                    }
                    let so_far = line.exchanges.load(Ordering::Relaxed);
                    let idle = so_far == exchanges && Arc::strong_count(&line) == NO_EXCHANGE;
                    if idle && (so_far == 0 || ending) {
                        return;
                    }
                    if idle {
                        ending = true;
                        connection.as_mut().graceful_shutdown();
                    }
                    exchanges = so_far;
                }
            }
        }
    }
}

impl Line {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Result<Response, Infallible> {
        let http2 = request.version() == Version::HTTP_2;
        let mut request = request.map(|body| arriving(body, self.body_timeout));
        request.extensions_mut().insert(Peer(self.peer));
        if self.surplus {
            request.extensions_mut().insert(Surplus);
        }
        let answering = self.router.clone().oneshot(request);
        if !http2 {
            self.http1.store(true, Ordering::Relaxed);
            return answering.await;
        }
        self.exchanges.fetch_add(1, Ordering::Relaxed);
        let response = answering.await?;
        Ok(response.map(|body| holding(body, self)))
    }
}

fn builder(header_timeout: Duration) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
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
