//! The upload URL.

use axum::body::Bytes;
use futures::stream;
use reqwest::Method;
use serde_json::json;
use yourbit_video::clock::Clock;

use crate::support::Provider;

pub(crate) const UNIT: usize = 256 * 1024;

pub(crate) fn noise(length: usize) -> Vec<u8> {
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
pub(crate) fn kept(provider: &Provider, upload: &serde_json::Value) -> Vec<u8> {
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
