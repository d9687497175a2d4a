//! `yourbit-video healthcheck`: exit 0 where the service on this machine lives.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::CommandError;
use crate::config::Settings;

/// Asks `/livez` on the configured port.
pub(super) async fn healthcheck(settings: &Settings) -> Result<(), CommandError> {
    let address = reachable(settings.http.listen);
    let answer = tokio::time::timeout(Duration::from_secs(3), ask(address)).await;
    match answer {
        Ok(Ok(line)) if line.starts_with("HTTP/1.1 200") => Ok(()),
        Ok(Ok(line)) => {
            Err(format!("{address} answered: {}", line.lines().next().unwrap_or_default()).into())
        }
        Ok(Err(error)) => Err(format!("{address}: {error}").into()),
        Err(_) => Err(format!("{address} did not answer within 3 s").into()),
    }
}

/// "Any address" is not one to connect to.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

async fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!(
        "GET /livez HTTP/1.1\r\nHost: localhost:{}\r\nConnection: close\r\n\r\n",
        address.port()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(4096).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
