use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::get;
use futures::stream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::config::Http;

struct Running {
    address: std::net::SocketAddr,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

async fn start(router: Router, change: impl FnOnce(&mut Http)) -> Running {
    let mut settings = crate::config::load(None, &crate::config::Environment::default()).unwrap();
    change(&mut settings.http);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
    let inner = stop.clone();
    let serving = tokio::spawn(serve(listener, ServiceHandle::new(router, &settings.http), inner));
    Running {
        address,
        stop,
        serving,
    }
}

async fn say(running: &Running, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

async fn rest(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    let reading = stream.read_to_end(&mut bytes);
    tokio::time::timeout(Duration::from_secs(10), reading)
        .await
        .unwrap()
        .unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn what_is_under_way_is_finished_and_idle_connections_end() {
    let slow = || async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        "done"
    };
    let running = start(Router::new().route("/slow", get(slow)), |_| {}).await;
    let silent = say(&running, "").await;
    let busy = say(&running, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    running.stop.cancel();
    let said = rest(busy).await;
    assert!(said.ends_with("done"), "{said}");
    tokio::time::timeout(Duration::from_secs(2), running.serving)
        .await
        .unwrap()
        .unwrap();
    drop(silent);
}

#[tokio::test]
async fn who_does_not_read_is_cut_off_and_who_waits_for_the_next_event_is_not() {
    let endless = || async {
        let chunks = stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from(vec![b'x'; 64 * 1024])));
        Body::from_stream(chunks)
    };
    let seldom = || async {
        let chunks = stream::unfold(0, |count| async move {
            tokio::time::sleep(Duration::from_millis(1500)).await;
            (count < 2).then(|| (Ok::<_, Infallible>(Bytes::from("event\n")), count + 1))
        });
        Body::from_stream(chunks)
    };
    let router = Router::new()
        .route("/endless", get(endless))
        .route("/seldom", get(seldom));
    let running = start(router, |http| {
        http.header_timeout_s = 1;
        http.body_timeout_s = 1;
    })
    .await;
    let unread = say(&running, "GET /endless HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let events = say(&running, "GET /seldom HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let said = rest(events).await;
    assert_eq!(said.matches("event").count(), 2, "{said}");
    // Nobody read for long enough: what the system still holds is all that comes.
    let mut unread = unread;
    let mut bytes = Vec::new();
    let reading = unread.read_to_end(&mut bytes);
    let ended = tokio::time::timeout(Duration::from_secs(5), reading).await;
    assert!(ended.is_ok(), "still sending after {} bytes", bytes.len());
}

#[tokio::test]
async fn idle_connections_are_closed_whatever_they_speak() {
    let router = Router::new().route("/", get(|| async { "here" }));
    let running = start(router, |http| http.header_timeout_s = 1).await;
    let begun = std::time::Instant::now();
    let kept = say(&running, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    // An HTTP/2 connection that never asks for anything, and the beginning of one.
    let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u{4}\0\0\0\0\0";
    let http2 = say(&running, preface).await;
    let undecided = say(&running, "PRI").await;
    assert!(rest(kept).await.ends_with("here"));
    rest(http2).await;
    rest(undecided).await;
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
}
