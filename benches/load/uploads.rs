//! Upload URLs from a provider that takes its time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::Bench;
use crate::client::{load, request};
use crate::cpu::Spent;
use crate::service::{Service, authorization};
use crate::table::Table;

/// What the provider takes for an answer, and a little more: that is measured too.
const THINKS: Duration = Duration::from_millis(200);
/// At the same time.
const IN_FLIGHT: usize = 2_000;

pub(crate) async fn run(bench: &Bench, table: &mut Table) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let provider = format!("http://{}", listener.local_addr().unwrap());
    let provider_side = Arc::new(Side::default());
    let serving = tokio::spawn(serve(listener, provider_side.clone()));
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
    table.load(
        "upload URLs, 8 in flight",
        &alone,
        &beyond(&alone, &provider_side),
    );
    let each = if bench.quick { 10 } else { 30 };
    let before = provider_side.connections.load(Ordering::Relaxed);
    crate::webhooks::profile(&service, bench.span);
    let spent = Spent::now(bench, std::slice::from_ref(&service));
    let outcome = load(
        &[service.address],
        IN_FLIGHT,
        bench.span * 4,
        std::iter::repeat_n(create, IN_FLIGHT * each),
    )
    .await;
    let cpu = Spent::now(bench, std::slice::from_ref(&service)).each(spent, outcome.count());
    let opened = provider_side.connections.load(Ordering::Relaxed) - before;
    table.load(
        "upload URLs, 2,000 in flight",
        &outcome,
        &format!(
            "{}; {opened} connections to the provider for {} requests; {cpu}",
            beyond(&outcome, &provider_side),
            IN_FLIGHT * each
        ),
    );
    serving.abort();
}

/// The median beyond what the provider took on average since this was asked last.
fn beyond(outcome: &crate::client::Outcome, provider: &Side) -> String {
    let answers = provider.answers.swap(0, Ordering::Relaxed).max(1);
    let took_ms = provider.took_us.swap(0, Ordering::Relaxed) as f64 / answers as f64 / 1000.0;
    let ms = outcome.percentile_ms(0.5) - took_ms;
    format!("{ms:.1} ms beyond the provider's {took_ms:.1}")
}

/// What the provider saw.
#[derive(Default)]
struct Side {
    connections: AtomicUsize,
    answers: AtomicUsize,
    took_us: AtomicUsize,
}

async fn serve(listener: TcpListener, side: Arc<Side>) {
    let number = Arc::new(AtomicUsize::new(0));
    while let Ok((stream, _)) = listener.accept().await {
        side.connections.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(answer(stream, number.clone(), side.clone()));
    }
}

/// Answers every request on one connection; bodies are small and come with their heads, or right behind.
async fn answer(mut stream: TcpStream, number: Arc<AtomicUsize>, side: Arc<Side>) {
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        while !is_whole(&buffer) {
            if !matches!(stream.read_buf(&mut buffer).await, Ok(1..)) {
                return;
            }
        }
        let begun = Instant::now();
        tokio::time::sleep(THINKS).await;
        let id = number.fetch_add(1, Ordering::Relaxed);
        let body = format!(
            r#"{{"data":{{"id":"upload-{id}","url":"https://storage.example.com/{id}","status":"waiting","timeout":3600}}}}"#
        );
        let head = format!(
            "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let took_us = begun.elapsed().as_micros() as usize;
        side.took_us.fetch_add(took_us, Ordering::Relaxed);
        side.answers.fetch_add(1, Ordering::Relaxed);
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
