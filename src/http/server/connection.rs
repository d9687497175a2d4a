//! One connection: its protocol, its deadlines, its end.
//!
//! A connection ends:
//! - when its client closes it, or hyper finds that it breaks the protocol;
//! - when it is idle for the header timeout: hyper ends HTTP/1.1 connections, [`drive`] ends HTTP/2 connections and
//!   those that have not said yet what they speak;
//! - when its client reads nothing, or sends nothing of a body, for the body timeout;
//! - after [`SURPLUS_LIFE`], where it is beyond the limit;
//! - after `stop`, with its last request.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
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

use super::body::{hold_while_sending, with_pause_limit};
use super::connection_limits::{ConnectionSlot, SURPLUS_LIFE};
use super::service::ServiceHandle;

/// The address of the connection's other end, as the system reports it. It is among every
/// request's extensions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PeerAddress(pub(crate) SocketAddr);

/// The mark, among the extensions, of a request on a connection beyond the limit: it gets a 503 unless it is a probe.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Surplus;

/// The state that the requests of one connection share.
struct ConnectionContext {
    served: ServiceHandle,
    peer: SocketAddr,
    is_surplus: bool,
    body_timeout: Duration,
    /// Set by the first HTTP/1.1 request: from then on hyper's own deadlines suffice.
    http1: AtomicBool,
    /// HTTP/2 exchanges that have begun so far.
    begun: AtomicU64,
    /// Exchanges under way.
    open: AtomicUsize,
}

/// The activity of a connection since the last check, for connections that hyper does not end by itself.
enum Activity {
    /// HTTP/1.1: hyper ends it.
    Http1,
    /// HTTP/2 with an exchange under way, or one that began since.
    Busy,
    /// No exchange now, and none since the last check.
    Idle {
        /// Set where the connection never had one, or has not even said what it speaks.
        unused: bool,
    },
}

impl ConnectionContext {
    /// Checks what happened since the last check, at which `begun_before` exchanges had begun.
    fn check_activity(&self, begun_before: &mut u64) -> Activity {
        if self.http1.load(Ordering::Relaxed) {
            return Activity::Http1;
        }
        let begun = self.begun.load(Ordering::Relaxed);
        let idle = begun == *begun_before && self.open.load(Ordering::Relaxed) == 0;
        *begun_before = begun;
        if idle {
            Activity::Idle { unused: begun == 0 }
        } else {
            Activity::Busy
        }
    }
}

/// One exchange under way: from the arrival of its request until its response has been sent.
struct OpenExchange(Arc<ConnectionContext>);

impl OpenExchange {
    fn begin(context: Arc<ConnectionContext>) -> Self {
        context.open.fetch_add(1, Ordering::Relaxed);
        Self(context)
    }
}

impl Drop for OpenExchange {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Serves the connection to its end. After `stop` it takes no further requests.
pub(super) async fn serve_connection(
    served: ServiceHandle,
    stream: TcpStream,
    peer: SocketAddr,
    slot: ConnectionSlot,
    stop: CancellationToken,
) {
    let is_surplus = slot.is_surplus();
    let life = drive(served, stream, peer, is_surplus, &stop);
    if is_surplus {
        let _late = tokio::time::timeout(SURPLUS_LIFE, life).await;
    } else {
        life.await;
    }
}

/// Drives hyper's connection, shuts it down with `stop`, and ends it where it is idle.
///
/// Idle, for HTTP/2: no exchange is under way at a check, and none has begun since the one before, `header_timeout` ago.
/// Such a connection is shut down gracefully; one that never had an exchange, or is shutting down already, ends at once.
async fn drive(
    served: ServiceHandle,
    stream: TcpStream,
    peer: SocketAddr,
    is_surplus: bool,
    stop: &CancellationToken,
) {
    let _only_slower = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    let (builder, header_timeout, body_timeout) = {
        let current = served.current();
        let builder = if is_surplus {
            &current.surplus
        } else {
            &current.regular
        };
        (builder.clone(), current.header_timeout, current.body_timeout)
    };
    // Why: without it a client that does not read its response would hold the connection for ever.
    stream.set_write_timeout(Some(body_timeout));
    let context = Arc::new(ConnectionContext {
        served,
        peer,
        is_surplus,
        body_timeout,
        http1: AtomicBool::new(false),
        begun: AtomicU64::new(0),
        open: AtomicUsize::new(0),
    });
    let for_requests = context.clone();
    let service = service_fn(move |request| {
        // Why here and not in the future: the exchange is open from now on, even before its first poll.
        respond(OpenExchange::begin(for_requests.clone()), request)
    });
    let mut connection = pin!(builder.serve_connection(TokioIo::new(Box::pin(stream)), service));
    let mut check = interval_at(Instant::now() + header_timeout, header_timeout);
    let (mut ending, mut watched, mut begun_before) = (false, true, 0);
    loop {
        tokio::select! {
            // Why biased: a connection that has ended needs no check any more.
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
            _ = check.tick(), if watched => match context.check_activity(&mut begun_before) {
                Activity::Http1 => watched = false,
                Activity::Busy => {}
                Activity::Idle { unused } if unused || ending => return,
                Activity::Idle { .. } => {
                    ending = true;
                    connection.as_mut().graceful_shutdown();
                }
            },
        }
    }
}

/// Marks the request with what is known of its connection, and hands it to the router that is current now. The exchange
/// of an HTTP/2 request ends with the body of its response; HTTP/1.1 is not watched.
async fn respond(exchange: OpenExchange, request: Request<Incoming>) -> Result<Response, Infallible> {
    let context = &exchange.0;
    let http2 = request.version() == Version::HTTP_2;
    let mut request = request.map(|body| with_pause_limit(body, context.body_timeout));
    request.extensions_mut().insert(PeerAddress(context.peer));
    if context.is_surplus {
        request.extensions_mut().insert(Surplus);
    }
    let router = context.served.current().router.clone();
    let response = router.oneshot(request);
    if !http2 {
        context.http1.store(true, Ordering::Relaxed);
        return response.await;
    }
    context.begun.fetch_add(1, Ordering::Relaxed);
    let response = response.await?;
    Ok(response.map(|body| hold_while_sending(body, exchange)))
}
