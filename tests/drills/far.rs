//! A PostgreSQL that is far away: a relay that hands on every byte a fixed time later.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};
use url::Url;

/// Hands on for as long as it lives.
pub(crate) struct Far {
    /// Of the same database, through the relay.
    pub(crate) url: String,
    relaying: JoinHandle<()>,
}

impl Far {
    /// A relay to the database at `url`, `away` in each direction.
    pub(crate) async fn start(url: &str, away: Duration) -> Self {
        let mut url = Url::parse(url).unwrap();
        let target = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5432));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
        let relaying = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let far = TcpStream::connect(&target).await.unwrap();
                for stream in [&near, &far] {
                    stream.set_nodelay(true).unwrap();
                }
                let (near_read, near_write) = near.into_split();
                let (far_read, far_write) = far.into_split();
                tokio::spawn(hand_on(near_read, far_write, away));
                tokio::spawn(hand_on(far_read, near_write, away));
            }
        });
        Self {
            url: url.into(),
            relaying,
        }
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        self.relaying.abort();
    }
}

/// Several pieces may be on their way at the same time.
async fn hand_on(
    mut from: impl AsyncRead + Unpin + Send + 'static,
    mut to: impl AsyncWrite + Unpin,
    away: Duration,
) {
    let (sender, mut on_its_way) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let mut piece = Vec::with_capacity(16 * 1024);
            // What breaks off here ends there, once all before it has arrived.
            let Ok(1..) = from.read_buf(&mut piece).await else {
                return;
            };
            if sender.send((Instant::now() + away, piece)).is_err() {
                return;
            }
        }
    });
    while let Some((due, piece)) = on_its_way.recv().await {
        sleep_until(due).await;
        if to.write_all(&piece).await.is_err() {
            return;
        }
    }
}
