//! The listener's loop: connections with limits on their number and on how long they may dawdle.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;
use tower_http::timeout::TimeoutBody;

use super::peer::Peer;
use crate::config::Http;

/// All headers of a request together, in bytes, and their number.
const HEADER_BYTES: usize = 32 * 1024;
const HEADER_COUNT: usize = 100;
/// Requests at the same time on one HTTP/2 connection.
const STREAMS: u32 = 128;
/// With these bytes an HTTP/2 connection begins.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Serves `router` until `stop`, and then what is under way to its end.
pub async fn serve(listener: TcpListener, router: Router, settings: &Http, stop: CancellationToken) {
    let server = Server {
        router,
        header_timeout: Duration::from_secs(settings.header_timeout_s),
        body_timeout: Duration::from_secs(settings.body_timeout_s),
    };
    let server = Arc::new(server);
    let room = Arc::new(Semaphore::new(settings.max_connections));
    let graceful = GracefulShutdown::new();
    let tasks = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, most likely: some will be free again.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        // One too many is closed at once; a place is free again when its connection ends.
        let Ok(place) = room.clone().try_acquire_owned() else {
            continue;
        };
        let (server, watcher, stop) = (server.clone(), graceful.watcher(), stop.clone());
        tasks.spawn(async move {
            let kind = tokio::select! {
                kind = tokio::time::timeout(server.header_timeout, speaks_http2(&stream)) => kind,
                () = stop.cancelled() => return,
            };
            if let Ok(Ok(http2)) = kind {
                let connection = server.connection(stream, peer, http2);
                if let Err(error) = watcher.watch(connection).await {
                    tracing::debug!(
                        error = error.as_ref() as &dyn std::error::Error,
                        "a connection broke off"
                    );
                }
            }
            drop(place);
        });
    }
    drop(listener);
    tasks.close();
    graceful.shutdown().await;
    tasks.wait().await;
}

struct Server {
    router: Router,
    header_timeout: Duration,
    body_timeout: Duration,
}

type Broken = Box<dyn std::error::Error + Send + Sync>;

impl Server {
    fn connection(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        http2: bool,
    ) -> impl hyper_util::server::graceful::GracefulConnection<Error = Broken> + use<> {
        let _only_slower = stream.set_nodelay(true);
        let mut builder = Builder::new(TokioExecutor::new());
        // Which of the two it is was seen already: the builder's own look has no time limit.
        builder = if http2 {
            builder.http2_only()
        } else {
            builder.http1_only()
        };
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(self.header_timeout)
            .max_buf_size(HEADER_BYTES)
            .max_headers(HEADER_COUNT);
        builder
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(self.header_timeout)
            .keep_alive_timeout(self.header_timeout)
            .max_concurrent_streams(STREAMS)
            .max_header_list_size(u32::try_from(HEADER_BYTES).unwrap_or(u32::MAX));
        let (router, body_timeout) = (self.router.clone(), self.body_timeout);
        let service = service_fn(move |request: http::Request<Incoming>| {
            let mut request = request.map(|body| Body::new(TimeoutBody::new(body_timeout, body)));
            request.extensions_mut().insert(Peer(peer));
            router.clone().oneshot(request)
        });
        builder
            .serve_connection(TokioIo::new(stream), service)
            .into_owned()
    }
}

/// Whether the client begins as HTTP/2 does. Waits for as many bytes as it takes to tell.
async fn speaks_http2(stream: &TcpStream) -> io::Result<bool> {
    let mut seen = [0; PREFACE.len()];
    loop {
        let count = stream.peek(&mut seen).await?;
        if count == 0 || seen[..count] != PREFACE[..count] {
            return Ok(false);
        }
        if count == PREFACE.len() {
            return Ok(true);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn what_is_under_way_is_finished_and_idle_connections_end() {
        let settings = crate::config::load(None, &crate::config::Environment::default()).unwrap();
        let slow = || async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            "done"
        };
        let router = Router::new().route("/slow", get(slow));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let serving = tokio::spawn({
            let stop = stop.clone();
            async move { serve(listener, router, &settings.http, stop).await }
        });
        let silent = TcpStream::connect(address).await.unwrap();
        let mut busy = TcpStream::connect(address).await.unwrap();
        busy.write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        stop.cancel();
        let mut said = String::new();
        busy.read_to_string(&mut said).await.unwrap();
        assert!(said.ends_with("done"), "{said}");
        tokio::time::timeout(Duration::from_secs(2), serving)
            .await
            .unwrap()
            .unwrap();
        drop(silent);
    }
}
