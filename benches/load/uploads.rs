//! Upload URLs from a provider that takes its time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::Bench;
use crate::client::{load, request};
use crate::service::{Service, authorization};
use crate::table::Table;

/// What the provider takes for an answer.
const THINKS: Duration = Duration::from_millis(200);
/// At the same time.
const IN_FLIGHT: usize = 2_000;

pub(crate) async fn run(bench: &Bench, table: &mut Table) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let provider = format!("http://{}", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let serving = tokio::spawn(serve(listener, connections.clone()));
    let (url, _rows) = bench.database("uploads").await;
    let service = Service::start(bench, &url, &provider).await;
    let who = authorization();
    let create = request("POST", "/v1/uploads", &who, br#"{"title":"A video"}"#);
    let alone = load(
        &[service.address],
        8,
        bench.span,
        std::iter::repeat_n(create.clone(), 40),
    )
    .await;
    table.load("upload URLs, 8 in flight", &alone, &beyond(&alone));
    let each = if bench.quick { 2 } else { 5 };
    let before = connections.load(Ordering::Relaxed);
    let outcome = load(
        &[service.address],
        IN_FLIGHT,
        bench.span * 4,
        std::iter::repeat_n(create, IN_FLIGHT * each),
    )
    .await;
    let opened = connections.load(Ordering::Relaxed) - before;
    table.load(
        "upload URLs, 2,000 in flight",
        &outcome,
        &format!(
            "{}; {opened} connections to the provider for {} requests",
            beyond(&outcome),
            IN_FLIGHT * each
        ),
    );
    serving.abort();
}

fn beyond(outcome: &crate::client::Outcome) -> String {
    let ms = outcome.percentile_ms(0.5) - THINKS.as_secs_f64() * 1000.0;
    format!("{ms:.1} ms beyond the provider's 200")
}

async fn serve(listener: TcpListener, connections: Arc<AtomicUsize>) {
    let number = Arc::new(AtomicUsize::new(0));
    while let Ok((stream, _)) = listener.accept().await {
        connections.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(answer(stream, number.clone()));
    }
}

/// Answers every request on one connection; bodies are small and come with their heads, or right behind.
async fn answer(mut stream: TcpStream, number: Arc<AtomicUsize>) {
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        while !is_whole(&buffer) {
            if !matches!(stream.read_buf(&mut buffer).await, Ok(1..)) {
                return;
            }
        }
        tokio::time::sleep(THINKS).await;
        let id = number.fetch_add(1, Ordering::Relaxed);
        let body = format!(
            r#"{{"data":{{"id":"upload-{id}","url":"https://storage.example.com/{id}","status":"waiting","timeout":3600}}}}"#
        );
        let head = format!(
            "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        if stream.write_all((head + &body).as_bytes()).await.is_err() {
            return;
        }
    }
}

fn is_whole(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let declared = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse::<usize>().ok());
    body.len() >= declared.unwrap_or_default()
}
