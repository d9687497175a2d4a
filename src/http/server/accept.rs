//! The accept loop.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connection;
use super::connection_limits::OpenConnections;
use super::service::ServiceHandle;
use crate::telemetry::LineLimit;

/// Serves `served` on every connection of `listener`, each in a task of its own.
///
/// 1. Accept. An error is logged, at most once in ten seconds, and the next attempt follows after 50 ms.
/// 2. Take a slot of the `OpenConnections`: a regular one, a surplus one, or none, which closes the connection.
/// 3. Serve it (`connection::serve_connection`).
/// 4. With `stop`, close the listener, let every connection finish its requests, and return when all have ended.
pub async fn serve(listener: TcpListener, served: ServiceHandle, stop: CancellationToken) {
    let connections = Arc::new(OpenConnections::new());
    let tasks = TaskTracker::new();
    let failures = LineLimit::new("a connection could not be accepted", 1, 1);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Why: most likely we are out of file descriptors, and some will be free again soon.
                if failures.admit(()) {
                    tracing::warn!(%error, "a connection could not be accepted");
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let slot = connections.take_slot(peer.ip(), &served.current().limits);
        if let Some(slot) = slot {
            // Why a child: waiting for the shared token would take one lock for all connections.
            let stop = stop.child_token();
            tasks.spawn(connection::serve_connection(
                served.clone(),
                stream,
                peer,
                slot,
                stop,
            ));
        }
    }
    drop(listener);
    tasks.close();
    tasks.wait().await;
}

/// Serves `router` on a listener that only this service or its operators reach: without limits, until `stop`. Requests that
/// run then are finished.
///
/// # Errors
/// The listener fails.
pub async fn serve_inner(listener: TcpListener, router: Router, stop: CancellationToken) -> io::Result<()> {
    axum::serve(listener, router)
        .with_graceful_shutdown(stop.cancelled_owned())
        .await
}
