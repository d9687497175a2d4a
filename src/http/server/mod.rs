//! The listener's loop: connections with limits on their number and on how long they may dawdle.
//!
//! | file | what it holds |
//! |---|---|
//! | `served` | the router and the limits, exchangeable while they hold |
//! | `seats` | how many connections there may be, in all and of one address |
//! | `connection` | one connection: its protocol, its deadlines, its end |
//! | `body` | bodies that must make progress |
//!
//! What hyper answers itself, before any of our code sees the request, is no problem document: a head of more than
//! 64 KiB or 100 headers (431 without a body), a request line of more than 64 KiB (414), and what is not HTTP at all (400).

mod body;
mod connection;
mod seats;
mod served;

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::seats::Seats;
pub use self::served::Served;
use crate::telemetry::LineLimit;

/// A connection beyond the limit: it gets one answer, 503 for everything but the probes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Surplus;

/// Serves `served` until `stop`, and then what is under way to its end.
pub async fn serve(listener: TcpListener, served: Served, stop: CancellationToken) {
    let seats = Arc::new(Seats::new());
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
                // Out of file descriptors, most likely: some will be free again.
                if failures.admit(()) {
                    tracing::warn!(%error, "a connection could not be accepted");
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let seat = seats.take(peer.ip(), &served.now().seats);
        if let Some(seat) = seat {
            // Of its own: that of all would be a lock of all.
            let stop = stop.child_token();
            tasks.spawn(connection::run(served.clone(), stream, peer, seat, stop));
        }
    }
    drop(listener);
    tasks.close();
    tasks.wait().await;
}

#[cfg(test)]
mod tests;
