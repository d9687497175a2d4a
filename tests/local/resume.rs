//! The upload URL when connections hang, break or come back.

use std::time::Duration;

use chrono::DateTime;
use reqwest::Method;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use yourbit_video::clock::Clock;

use crate::{
    support::{Provider, clips, eventually},
    uploads::{UNIT, kept, noise},
};

#[tokio::test]
async fn four_gigabytes_declared_and_one_kilobyte_sent_is_an_error() {
    let provider = Provider::start_with(|settings| settings.max_bytes = 1 << 33, Clock::system()).await;
    let upload = provider.upload(json!({})).await;
    let answer = provider
        .chunk(&upload, "bytes 0-4294967295/4294967296", &noise(1024))
        .await;
    assert_eq!(answer.0, 400);
    assert_eq!(provider.chunk(&upload, "bytes */*", b"").await, (308, None));
    // The same with honest headers and a connection that ends early.
    let mut stream = half_a_put(&upload, "content-length: 4294967296", &noise(1024)).await;
    stream.shutdown().await.unwrap();
    let upload = provider
        .data(&format!("/uploads/{}", upload["id"].as_str().unwrap()))
        .await;
    assert_eq!(upload["status"], "waiting");
}

/// Opens a `PUT` with these headers and some bytes, and leaves it open.
async fn half_a_put(upload: &serde_json::Value, headers: &str, bytes: &[u8]) -> TcpStream {
    let url = url::Url::parse(upload["url"].as_str().unwrap()).unwrap();
    let host = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
    let mut stream = TcpStream::connect(&host).await.unwrap();
    let head = format!("PUT {} HTTP/1.1\r\nhost: {host}\r\n{headers}\r\n\r\n", url.path());
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream
}

#[tokio::test]
async fn what_came_before_the_connection_was_cut_is_kept() {
    let provider = Provider::start().await;
    let upload = provider.upload(json!({})).await;
    let file = noise(4 * UNIT);
    let total = file.len();
    let headers = format!(
        "content-range: bytes 0-{}/{total}\r\ncontent-length: {total}",
        total - 1
    );
    let stream = half_a_put(&upload, &headers, &file[..2 * UNIT + 100]).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    drop(stream);
    let held = eventually("the offset is known", async || {
        let (status, range) = provider.chunk(&upload, &format!("bytes */{total}"), b"").await;
        assert_eq!(status, 308);
        range
    })
    .await;
    assert_eq!(held, format!("bytes=0-{}", 2 * UNIT - 1), "whole units");
    let rest = format!("bytes {}-{}/{total}", 2 * UNIT, total - 1);
    assert_eq!(provider.chunk(&upload, &rest, &file[2 * UNIT..]).await.0, 200);
    assert_eq!(kept(&provider, &upload), file);
}

#[tokio::test]
async fn a_file_of_unknown_length_is_not_taken_for_complete_when_the_connection_is_cut() {
    let provider = Provider::start().await;
    let upload = provider.upload(json!({})).await;
    let piece = noise(UNIT);
    let body = [format!("{UNIT:x}\r\n").as_bytes(), &piece, b"\r\n"].concat();
    let stream = half_a_put(&upload, "transfer-encoding: chunked", &body).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    drop(stream);
    let held = eventually("the offset is known", async || {
        provider.chunk(&upload, "bytes */*", b"").await.1
    })
    .await;
    assert_eq!(held, format!("bytes=0-{}", UNIT - 1));
    let shown = provider
        .data(&format!("/uploads/{}", upload["id"].as_str().unwrap()))
        .await;
    assert_eq!(shown["status"], "waiting");
}

#[tokio::test]
async fn a_newer_request_takes_over_from_one_that_hangs() {
    let provider = Provider::start().await;
    let upload = provider.upload(json!({})).await;
    let file = noise(2 * UNIT);
    let headers = format!(
        "content-range: bytes 0-{}/{}\r\ncontent-length: {}",
        2 * UNIT - 1,
        2 * UNIT,
        2 * UNIT
    );
    let mut hanging = half_a_put(&upload, &headers, &file[..UNIT + 5]).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let began = std::time::Instant::now();
    let probe = provider.chunk(&upload, "bytes */*", b"").await;
    assert_eq!(probe, (308, Some(format!("bytes=0-{}", UNIT - 1))));
    assert!(began.elapsed() < Duration::from_secs(5));
    let rest = format!("bytes {UNIT}-{}/{}", 2 * UNIT - 1, 2 * UNIT);
    assert_eq!(provider.chunk(&upload, &rest, &file[UNIT..]).await.0, 200);
    hanging.write_all(&file[UNIT + 5..]).await.unwrap();
    let mut answer = [0; 12];
    hanging.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 409");
    assert_eq!(
        kept(&provider, &upload),
        file,
        "nothing of the older one came in between"
    );
}

#[tokio::test]
async fn an_upload_goes_on_after_a_restart_of_the_service() {
    let mut provider = Provider::start().await;
    let upload = provider.upload(json!({ "playback_policies": ["public"] })).await;
    let file = std::fs::read(clips::usual()).unwrap();
    assert!(file.len() > UNIT, "more than one chunk");
    let first = format!("bytes 0-{}/{}", UNIT - 1, file.len());
    assert_eq!(provider.chunk(&upload, &first, &file[..UNIT]).await.0, 308);
    provider = provider.restart().await;
    let probe = provider.chunk(&upload, "bytes */*", b"").await;
    assert_eq!(probe, (308, Some(format!("bytes=0-{}", UNIT - 1))));
    let rest = format!("bytes {UNIT}-{}/{}", file.len() - 1, file.len());
    assert_eq!(provider.chunk(&upload, &rest, &file[UNIT..]).await.0, 200);
    assert_eq!(provider.settled(&upload).await["status"], "ready");
}

#[tokio::test]
async fn the_url_dies_while_bytes_come() {
    let clock = Clock::frozen(DateTime::from_timestamp(1_750_000_000, 0).unwrap());
    let provider = Provider::start_with(|_| {}, clock).await;
    let upload = provider
        .api(Method::POST, "/uploads", Some(json!({ "timeout": 60 })))
        .await
        .1["data"]
        .clone();
    let file = noise(2 * UNIT);
    let headers = format!("content-length: {}", file.len());
    let mut stream = half_a_put(&upload, &headers, &file[..UNIT]).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    provider.clock.advance(chrono::Duration::seconds(61));
    let mut answer = [0; 12];
    // The sweep or the end of the body, whichever comes first, refuses it.
    let _ = stream.write_all(&file[UNIT..]).await;
    stream.read_exact(&mut answer).await.unwrap();
    assert!(
        [&b"HTTP/1.1 410"[..], b"HTTP/1.1 409"].contains(&&answer[..]),
        "{answer:?}"
    );
    let shown = provider
        .data(&format!("/uploads/{}", upload["id"].as_str().unwrap()))
        .await;
    assert_eq!(shown["status"], "timed_out");
}
