//! The upload URL.

use std::time::Duration;

use axum::body::Bytes;
use chrono::DateTime;
use futures::stream;
use reqwest::Method;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use yourbit_video::clock::Clock;

use crate::support::{Provider, clips, eventually};

const UNIT: usize = 256 * 1024;

fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_u32;
    (0..length)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        })
        .collect()
}

/// A body without a length.
fn in_pieces(bytes: &[u8]) -> reqwest::Body {
    let pieces: Vec<_> = bytes
        .chunks(1000)
        .map(Bytes::copy_from_slice)
        .map(Ok::<_, std::io::Error>)
        .collect();
    reqwest::Body::wrap_stream(stream::iter(pieces))
}

/// What the provider keeps of an upload.
fn kept(provider: &Provider, upload: &serde_json::Value) -> Vec<u8> {
    std::fs::read(
        provider
            .dir()
            .join("originals")
            .join(upload["id"].as_str().unwrap()),
    )
    .unwrap_or_default()
}

#[tokio::test]
async fn chunks_are_taken_in_order_and_kept_byte_for_byte() {
    let provider = Provider::start().await;
    let upload = provider.upload(json!({})).await;
    let file = noise(2 * UNIT + 1000);
    let total = file.len();
    assert_eq!(
        provider.chunk(&upload, "bytes */*", b"").await,
        (308, None),
        "nothing is there yet"
    );
    let first = provider
        .chunk(&upload, &format!("bytes 0-{}/{total}", UNIT - 1), &file[..UNIT])
        .await;
    assert_eq!(first, (308, Some(format!("bytes=0-{}", UNIT - 1))));
    assert_eq!(
        provider.chunk(&upload, &format!("bytes */{total}"), b"").await,
        first
    );
    let (range, bytes) = (
        format!("bytes {UNIT}-{}/{total}", 2 * UNIT - 1),
        &file[UNIT..2 * UNIT],
    );
    assert_eq!(
        provider.chunk(&upload, &range, bytes).await.1,
        Some(format!("bytes=0-{}", 2 * UNIT - 1))
    );
    let last = format!("bytes {}-{}/{total}", 2 * UNIT, total - 1);
    assert_eq!(
        provider.chunk(&upload, &last, &file[2 * UNIT..]).await,
        (200, None)
    );
    assert_eq!(kept(&provider, &upload), file);
    assert_eq!(
        provider.chunk(&upload, &last, &file[2 * UNIT..]).await.0,
        200,
        "its answer may have been lost"
    );
    assert_eq!(
        provider.chunk(&upload, &format!("bytes */{total}"), b"").await.0,
        200
    );
    assert_eq!(
        provider.put(&upload, noise(77)).await.status(),
        409,
        "another file is not taken"
    );
    assert_eq!(kept(&provider, &upload), file);
}

#[tokio::test]
async fn a_chunk_that_does_not_fit_is_refused_and_nothing_is_written_twice() {
    let provider = Provider::start().await;
    let upload = provider.upload(json!({})).await;
    let file = noise(3 * UNIT);
    let total = file.len();
    let first = format!("bytes 0-{}/{total}", UNIT - 1);
    assert_eq!(provider.chunk(&upload, &first, &file[..UNIT]).await.0, 308);
    for (range, bytes) in [
        (
            format!("bytes {}-{}/{total}", 2 * UNIT, total - 1),
            &file[2 * UNIT..],
        ),
        (
            format!("bytes {UNIT}-{}/{total}", 2 * UNIT - 1),
            &file[..UNIT - 1],
        ),
        (format!("bytes {UNIT}-{}/{total}", UNIT + 9), &file[..10]),
        (
            format!("bytes {UNIT}-{}/{}", 2 * UNIT - 1, total + 1),
            &file[UNIT..2 * UNIT],
        ),
        ("bytes 5-4/10".to_owned(), &file[..1]),
        ("bytes 0-9".to_owned(), &file[..10]),
        ("pages 0-9/10".to_owned(), &file[..10]),
        (format!("bytes */{total}"), &file[..10]),
    ] {
        assert_eq!(provider.chunk(&upload, &range, bytes).await.0, 400, "{range}");
    }
    assert_eq!(
        provider.chunk(&upload, &first, &file[..UNIT]).await.0,
        308,
        "a chunk again changes nothing"
    );
    // UpChunk sends the whole chunk again when a part of it was kept: what is known is skipped.
    let both = format!("bytes 0-{}/{total}", 2 * UNIT - 1);
    let answer = provider.chunk(&upload, &both, &file[..2 * UNIT]).await;
    assert_eq!(answer, (308, Some(format!("bytes=0-{}", 2 * UNIT - 1))));
    let last = format!("bytes {}-{}/{total}", 2 * UNIT, total - 1);
    assert_eq!(provider.chunk(&upload, &last, &file[2 * UNIT..]).await.0, 200);
    assert_eq!(kept(&provider, &upload), file);
}

#[tokio::test]
async fn the_total_may_be_named_with_the_last_chunk() {
    let provider = Provider::start().await;
    let upload = provider.upload(json!({})).await;
    let file = noise(UNIT + 5);
    assert_eq!(
        provider
            .chunk(&upload, &format!("bytes 0-{}/*", UNIT - 1), &file[..UNIT])
            .await
            .0,
        308
    );
    assert_eq!(
        provider
            .chunk(&upload, &format!("bytes {UNIT}-{}/*", UNIT + 4), &file[UNIT..])
            .await
            .0,
        400
    );
    let last = format!("bytes {UNIT}-{}/{}", UNIT + 4, UNIT + 5);
    assert_eq!(provider.chunk(&upload, &last, &file[UNIT..]).await.0, 200);
    assert_eq!(kept(&provider, &upload), file);
    let upload = provider.upload(json!({})).await;
    assert_eq!(
        provider
            .chunk(&upload, &format!("bytes 0-{}/*", UNIT - 1), &file[..UNIT])
            .await
            .0,
        308
    );
    assert_eq!(
        provider.chunk(&upload, &format!("bytes */{UNIT}"), b"").await.0,
        200,
        "that was all"
    );
}

#[tokio::test]
async fn a_whole_file_needs_no_length_and_starts_anew() {
    let provider = Provider::start().await;
    let upload = provider.upload(json!({})).await;
    let file = noise(UNIT + 77);
    assert_eq!(
        provider
            .chunk(&upload, &format!("bytes 0-{}/*", UNIT - 1), &noise(UNIT))
            .await
            .0,
        308
    );
    assert_eq!(provider.put(&upload, in_pieces(&file)).await.status(), 200);
    assert_eq!(kept(&provider, &upload), file);
}

#[tokio::test]
async fn an_empty_file_or_a_form_is_refused() {
    let provider = Provider::start().await;
    let upload = provider.upload(json!({})).await;
    assert_eq!(provider.put(&upload, "").await.status(), 400);
    assert_eq!(provider.put(&upload, in_pieces(&[])).await.status(), 400);
    let url = upload["url"].as_str().unwrap();
    let form = provider
        .http
        .put(url)
        .header("content-type", "multipart/form-data; boundary=x")
        .body("--x");
    assert_eq!(form.send().await.unwrap().status(), 400);
    assert_eq!(
        provider.http.post(url).body("x").send().await.unwrap().status(),
        405
    );
    assert_eq!(
        provider.put(&upload, "x").await.status(),
        200,
        "it still takes a file"
    );
}

#[tokio::test]
async fn more_than_allowed_is_413_before_and_while_it_comes() {
    let provider = Provider::start_with(|settings| settings.max_bytes = UNIT as u64, Clock::system()).await;
    let upload = provider.upload(json!({})).await;
    assert_eq!(provider.put(&upload, noise(UNIT + 1)).await.status(), 413);
    assert_eq!(
        provider
            .chunk(&upload, &format!("bytes 0-{}/4294967296", UNIT - 1), &noise(UNIT))
            .await
            .0,
        413
    );
    assert_eq!(
        provider.put(&upload, in_pieces(&noise(UNIT + 1))).await.status(),
        413
    );
}

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
async fn browsers_of_the_uploads_own_origin_may_send() {
    let provider = Provider::start().await;
    let body = json!({ "cors_origin": "https://app.example.com" });
    let upload = provider.api(Method::POST, "/uploads", Some(body)).await.1["data"].clone();
    let url = upload["url"].as_str().unwrap();
    for (origin, allowed) in [
        ("https://app.example.com", Some("https://app.example.com")),
        ("https://evil.example.com", None),
        ("https://app.example.com.evil.com", None),
        ("null", None),
    ] {
        let preflight = provider
            .http
            .request(Method::OPTIONS, url)
            .header("origin", origin)
            .header("access-control-request-method", "PUT")
            .header("access-control-request-headers", "content-range,content-type");
        let answer = preflight.send().await.unwrap();
        assert_eq!(answer.status(), 204);
        let header = |name: &str| {
            answer
                .headers()
                .get(name)
                .map(|value| value.to_str().unwrap().to_owned())
        };
        assert_eq!(
            header("access-control-allow-origin").as_deref(),
            allowed,
            "{origin}"
        );
        assert_eq!(
            header("access-control-allow-headers").is_some_and(|h| h.contains("Content-Range")),
            allowed.is_some()
        );
        assert_eq!(header("access-control-allow-credentials"), None);
    }
    let put = provider
        .http
        .put(url)
        .header("origin", "https://app.example.com")
        .header("content-range", "bytes */*");
    let answer = put.send().await.unwrap();
    assert_eq!(answer.status(), 308);
    assert_eq!(
        answer.headers()["access-control-allow-origin"],
        "https://app.example.com"
    );
    assert!(
        answer.headers()["access-control-expose-headers"]
            .to_str()
            .unwrap()
            .contains("Range")
    );
}

#[tokio::test]
async fn the_url_is_a_secret_of_its_own() {
    let provider = Provider::start().await;
    let upload = provider.upload(json!({})).await;
    let secret = upload["url"].as_str().unwrap().rsplit('/').next().unwrap();
    assert!(secret.len() >= 43 && !secret.contains(upload["id"].as_str().unwrap()));
    for guess in [
        upload["id"].as_str().unwrap(),
        "x",
        "..%2f..%2flocal.db",
        &secret.to_lowercase(),
    ] {
        let answer = provider
            .http
            .put(format!("{}/upload/{guess}", provider.base))
            .body("x")
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 404, "{guess}");
    }
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
async fn a_frozen_minute_is_not_needed_to_see_the_url_die_while_bytes_come() {
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
