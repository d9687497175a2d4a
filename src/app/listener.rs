//! Listening sockets, and the addresses that are known only once they are bound.

use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket};

use super::start_error::StartError;
use crate::config::Settings;

/// Connections that may wait to be accepted; the system may allow fewer.
///
/// Why: a connection that finds the backlog full is tried again by its client only after a second.
const BACKLOG: u32 = 4096;

/// Binds a listener. `key` names the setting in the error.
///
/// # Errors
/// [`StartError::Listen`]: the address is taken, not ours, or not allowed.
pub(super) fn bind_listener(key: &'static str, address: SocketAddr) -> Result<TcpListener, StartError> {
    bind_socket(address).map_err(|error| StartError::Listen { key, address, error })
}

fn bind_socket(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // Why: a restart must not wait for connections of the process before that the system still remembers.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Puts another listen address in the place of `http.listen`, and into `http.public_url`, where it follows from it.
pub(super) fn move_listener(settings: &mut Settings, address: SocketAddr) {
    // Why compared: as in [`settle_addresses`].
    if settings.http.public_url == format!("http://{}", settings.http.listen) {
        settings.http.public_url = format!("http://{address}");
    }
    settings.http.listen = address;
}

/// Writes the port that the system chose into `http.listen`, where the settings ask for port 0, and into
/// `http.public_url`, where it follows from `http.listen`.
pub(super) fn settle_addresses(settings: &mut Settings, listener: &TcpListener) {
    if let Ok(address) = listener.local_addr()
        && settings.http.listen.port() == 0
    {
        // Why compared: a public address that the operator set stays as it is.
        if settings.http.public_url == format!("http://{}", settings.http.listen) {
            settings.http.public_url = format!("http://{address}");
        }
        settings.http.listen = address;
    }
}
