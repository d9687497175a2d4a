//! A cheap HTTP/1.1 client: prepared requests over kept connections, since it shares the cores with what it measures.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// One kept connection.
struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(16 * 1024),
        })
    }

    /// Sends a whole request; the answer's status once all of it is there.
    async fn exchange(&mut self, request: &[u8]) -> io::Result<u16> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let mut whole = usize::MAX;
        while self.buffer.len() < whole {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if whole == usize::MAX {
                whole = length(&self.buffer).unwrap_or(usize::MAX);
            }
        }
        let status = self
            .buffer
            .get(9..12)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        Ok(status.and_then(|digits| digits.parse().ok()).unwrap_or_default())
    }
}

/// Bytes of head and body together, once the head is there.
fn length(bytes: &[u8]) -> Option<usize> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let (_, rest) = head.split_once("content-length: ")?;
    Some(end + rest.split("\r\n").next()?.parse::<usize>().ok()?)
}

/// What a load came to.
#[derive(Default)]
pub(crate) struct Outcome {
    /// Microseconds of each answered request, sorted.
    latencies_us: Vec<u32>,
    /// From the first request to the last answer.
    pub(crate) took: Duration,
    /// Answers that were no 2xx, and lost connections.
    pub(crate) errors: usize,
}

impl Outcome {
    pub(crate) fn count(&self) -> usize {
        self.latencies_us.len()
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.count() as f64 / self.took.as_secs_f64()
    }

    /// Milliseconds below which this share of the answers came.
    pub(crate) fn percentile_ms(&self, share: f64) -> f64 {
        let index = (self.count() as f64 * share) as usize;
        let found = self.latencies_us.get(index.min(self.count().saturating_sub(1)));
        f64::from(found.copied().unwrap_or_default()) / 1000.0
    }
}

/// Sends each of `requests` once, over `connections` at the same time, until they are used up or `span` is over.
/// Several `targets` share the connections.
pub(crate) async fn load(
    targets: &[SocketAddr],
    connections: usize,
    span: Duration,
    requests: impl Iterator<Item = Arc<[u8]>> + Send + 'static,
) -> Outcome {
    let requests = Arc::new(std::sync::Mutex::new(requests));
    let mut open = Vec::with_capacity(connections);
    for index in 0..connections {
        open.push(Connection::open(targets[index % targets.len()]).await.unwrap());
    }
    let begun = Instant::now();
    let mut senders = JoinSet::new();
    for connection in open {
        senders.spawn(send(connection, begun + span, requests.clone()));
    }
    let mut all = Outcome::default();
    while let Some(one) = senders.join_next().await {
        let one = one.unwrap();
        all.latencies_us.extend(one.latencies_us);
        all.errors += one.errors;
    }
    all.took = begun.elapsed();
    all.latencies_us.sort_unstable();
    all
}

async fn send(
    mut connection: Connection,
    end: Instant,
    requests: Arc<std::sync::Mutex<impl Iterator<Item = Arc<[u8]>>>>,
) -> Outcome {
    let mut outcome = Outcome::default();
    while Instant::now() < end {
        let Some(request) = requests.lock().unwrap().next() else {
            break;
        };
        let sent = Instant::now();
        match connection.exchange(&request).await {
            Ok(200..=299) => {
                let us = u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX);
                outcome.latencies_us.push(us);
            }
            Ok(_) => {
                if outcome.errors == 0 {
                    eprintln!("refused: {}", String::from_utf8_lossy(&connection.buffer));
                }
                outcome.errors += 1;
            }
            Err(_) => {
                outcome.errors += 1;
                break;
            }
        }
    }
    outcome
}

/// One request as it goes over the wire.
pub(crate) fn request(method: &str, path: &str, headers: &str, body: &[u8]) -> Arc<[u8]> {
    let mut bytes = format!("{method} {path} HTTP/1.1\r\nhost: bench\r\n{headers}").into_bytes();
    if method != "GET" {
        let head = format!(
            "content-type: application/json\r\ncontent-length: {}\r\n",
            body.len()
        );
        bytes.extend_from_slice(head.as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    bytes.into()
}
