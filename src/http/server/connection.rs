//! One connection: its protocol, its deadlines, its end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use axum::response::Response;
use http::{Request, Version};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Instant, interval_at};
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::body::{arriving, holding};
use super::seats::Seat;
use super::{Served, Surplus};
use crate::http::peer::Peer;

/// How long a connection beyond the limit may take in all.
pub(super) const SURPLUS_LIFE: Duration = Duration::from_secs(2);

/// What the requests of one connection share. Each HTTP/2 exchange under way holds one more reference to it.
struct Line {
    served: Served,
    peer: SocketAddr,
    surplus: bool,
    body_timeout: Duration,
    /// Hyper's own deadlines hold from here on: those of HTTP/1.1 are complete.
    http1: AtomicBool,
    exchanges: AtomicU64,
}

/// References to the [`Line`] of a connection without any exchange.
const NO_EXCHANGE: usize = 2;

/// Serves the connection to its end, or until it dawdles. After `stop` it takes no further requests.
pub(super) async fn run(
    served: Served,
    stream: TcpStream,
    peer: SocketAddr,
    seat: Seat,
    stop: CancellationToken,
) {
    if seat.is_surplus() {
        let life = exchange(served, stream, peer, &seat, &stop);
        let _late = tokio::time::timeout(SURPLUS_LIFE, life).await;
    } else {
        exchange(served, stream, peer, &seat, &stop).await;
    }
}

async fn exchange(
    served: Served,
    stream: TcpStream,
    peer: SocketAddr,
    seat: &Seat,
    stop: &CancellationToken,
) {
    let _only_slower = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    let (builder, header_timeout, body_timeout) = {
        let now = served.now();
        let builder = if seat.is_surplus() {
            &now.surplus
        } else {
            &now.regular
        };
        (builder.clone(), now.header_timeout, now.body_timeout)
    };
    // A client that does not take what it asked for.
    stream.set_write_timeout(Some(body_timeout));
    let line = Arc::new(Line {
        served,
        peer,
        surplus: seat.is_surplus(),
        body_timeout,
        http1: AtomicBool::new(false),
        exchanges: AtomicU64::new(0),
    });
    let of_requests = line.clone();
    let service = service_fn(move |request| of_requests.clone().answer(request));
    let mut connection = pin!(builder.serve_connection(TokioIo::new(Box::pin(stream)), service));
    let mut look = interval_at(Instant::now() + header_timeout, header_timeout);
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

impl Line {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Result<Response, Infallible> {
        let http2 = request.version() == Version::HTTP_2;
        let mut request = request.map(|body| arriving(body, self.body_timeout));
        request.extensions_mut().insert(Peer(self.peer));
        if self.surplus {
            request.extensions_mut().insert(Surplus);
        }
        let router = self.served.now().router.clone();
        let answering = router.oneshot(request);
        if !http2 {
            self.http1.store(true, Ordering::Relaxed);
            return answering.await;
        }
        self.exchanges.fetch_add(1, Ordering::Relaxed);
        let response = answering.await?;
        Ok(response.map(|body| holding(body, self)))
    }
}
