//! `yourbit-video healthcheck`: exits with 0 where the service on this machine answers `/livez`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::error::CommandError;
use crate::config::Settings;

/// Deadline of the request.
const DEADLINE: Duration = Duration::from_secs(3);

/// Requests `/livez` on the configured port.
pub(super) async fn check_health(settings: &Settings) -> Result<(), CommandError> {
    let address = connectable_address(settings.http.listen);
    let answer = tokio::time::timeout(DEADLINE, request_livez(address)).await;
    match answer {
        Ok(Ok(line)) if line.starts_with("HTTP/1.1 200") => Ok(()),
        Ok(Ok(line)) => {
            Err(format!("{address} answered: {}", line.lines().next().unwrap_or_default()).into())
        }
        Ok(Err(error)) => Err(format!("{address}: {error}").into()),
        Err(_) => Err(format!("{address} did not answer within 3 s").into()),
    }
}

/// Returns the loopback address where the service listens on any address: nothing can connect to that one.
fn connectable_address(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// Requests `/livez` and returns at most 4 KiB of the response, as it came.
async fn request_livez(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    // Why by hand: one request to this machine needs neither TLS nor a proxy. Why `localhost`: in development mode the
    // Host must be this machine.
    let request = format!(
        "GET /livez HTTP/1.1\r\nHost: localhost:{}\r\nConnection: close\r\n\r\n",
        address.port()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    // Why a limit: another program may listen on this port.
    stream.take(4096).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
