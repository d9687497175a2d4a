//! A cheap HTTP/1.1 client over kept connections: it shares the processors with what it measures.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One request as it goes over the wire.
pub(crate) type Bytes = Arc<[u8]>;

/// The status of an answer, whether it says when to come again, and how long it took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after: bool,
    pub(crate) took: Duration,
}

/// One kept connection; opened again where the service closed it between two requests.
pub(crate) struct Connection {
    address: String,
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: &str) -> io::Result<Self> {
        Ok(Self {
            address: address.to_owned(),
            stream: connect(address).await?,
            buffer: Vec::with_capacity(16 * 1024),
        })
    }

    /// Sends a whole request and reads the whole answer; the time counts from `since`.
    pub(crate) async fn exchange(&mut self, request: &[u8], since: Instant) -> io::Result<Answer> {
        self.buffer.clear();
        match self.once(request, since).await {
            Err(_) if self.buffer.is_empty() => {
                self.stream = connect(&self.address).await?;
                self.once(request, since).await
            }
            answer => answer,
        }
    }

    async fn once(&mut self, request: &[u8], since: Instant) -> io::Result<Answer> {
        self.stream.write_all(request).await?;
        let mut whole = usize::MAX;
        while self.buffer.len() < whole {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if whole == usize::MAX {
                whole = length(&self.buffer).unwrap_or(usize::MAX);
            }
        }
        let head = String::from_utf8_lossy(&self.buffer);
        Ok(Answer {
            status: head
                .get(9..12)
                .and_then(|digits| digits.parse().ok())
                .unwrap_or_default(),
            retry_after: head.contains("\r\nretry-after: "),
            took: since.elapsed(),
        })
    }
}

async fn connect(address: &str) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Bytes of head and body together, once the head is there.
fn length(bytes: &[u8]) -> Option<usize> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let (_, rest) = head.split_once("content-length: ")?;
    Some(end + rest.split("\r\n").next()?.parse::<usize>().ok()?)
}

/// A request with a body.
pub(crate) fn post(path: &str, headers: &str, body: &[u8]) -> Bytes {
    let length = body.len();
    let mut bytes = format!(
        "POST {path} HTTP/1.1\r\nhost: drill\r\n{headers}content-type: application/json\r\n\
         content-length: {length}\r\n\r\n"
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    bytes.into()
}

/// A request without one.
pub(crate) fn get(path: &str, headers: &str) -> Bytes {
    format!("GET {path} HTTP/1.1\r\nhost: drill\r\n{headers}\r\n")
        .into_bytes()
        .into()
}
