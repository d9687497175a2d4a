//! Clients that take their time: they hold connections, and want to hold more.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Slow connections; they begin anew as often as they are cut off.
pub(crate) struct Slow {
    cut_off: Arc<AtomicUsize>,
    count: usize,
    _clients: JoinSet<()>,
}

impl Slow {
    /// Opens `count` of them: a quarter says nothing, the others a byte now and then, of a head or of a body.
    pub(crate) async fn start(count: usize, address: &str, token: &str) -> Self {
        let cut_off = Arc::<AtomicUsize>::default();
        let mut clients = JoinSet::new();
        for index in 0..count {
            let (address, cut_off) = (address.to_owned(), cut_off.clone());
            let begin = beginning(index, token);
            let mut stream = TcpStream::connect(&address).await.unwrap();
            // Not all of them are cut off, and begin anew, in the same moment.
            tokio::time::sleep(Duration::from_millis(2)).await;
            clients.spawn(async move {
                loop {
                    dawdle(stream, &begin).await;
                    cut_off.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    match TcpStream::connect(&address).await {
                        Ok(again) => stream = again,
                        Err(_) => return,
                    }
                }
            });
        }
        Self {
            cut_off,
            count,
            _clients: clients,
        }
    }

    /// Waits until as many were cut off as there are.
    pub(crate) async fn cut_off_by(&self, deadline: Duration) {
        let cut_off = async {
            while self.cut_off.load(Ordering::Relaxed) < self.count {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let ended = tokio::time::timeout(deadline, cut_off).await;
        assert!(ended.is_ok(), "slow connections are kept");
    }
}

fn beginning(index: usize, token: &str) -> String {
    let post = |path: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: drill\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: 60000\r\n\r\n{{"
        )
    };
    match index % 4 {
        0 => String::new(),
        1 => "GET /v1/videos HTTP/1.1\r\nHost: drill\r\nX-Slow: ".to_owned(),
        2 => post("/v1/uploads"),
        _ => post("/v1/playback"),
    }
}

/// Until the other side has enough of it.
async fn dawdle(mut stream: TcpStream, begin: &str) {
    if stream.write_all(begin.as_bytes()).await.is_err() {
        return;
    }
    let mut said = [0; 1024];
    loop {
        tokio::select! {
            read = stream.read(&mut said) => {
                if matches!(read, Ok(0) | Err(_)) {
                    return;
                }
            }
            () = tokio::time::sleep(Duration::from_millis(500)), if !begin.is_empty() => {
                if stream.write_all(b" ").await.is_err() {
                    return;
                }
            }
        }
    }
}
