//! The HTTP server: an accept loop with limits on the number of connections and on how slow they may be.
//!
//! | file | contents |
//! |---|---|
//! | `accept` | [`serve`]: the accept loop, and its graceful end; [`serve_inner`] for listeners without limits |
//! | `connection_limits` | the number of connections, in all and of one address |
//! | `connection` | one connection: its protocol, its deadlines, its end |
//! | `body` | bodies that must make progress |
//! | `service` | [`ServiceHandle`]: the router and the limits, replaceable while they are in use |
//!
//! What hyper answers itself, before any of our code sees the request, is no problem document: a head of more than
//! 64 KiB or 100 headers (431 without a body), a request line of more than 64 KiB (414), and what is not HTTP at all
//! (400).

mod accept;
mod body;
mod connection;
mod connection_limits;
mod service;

pub use self::accept::{serve, serve_inner};
pub(crate) use self::connection::{PeerAddress, Surplus};
pub use self::service::ServiceHandle;

#[cfg(test)]
mod tests;
