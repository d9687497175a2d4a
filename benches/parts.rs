//! The small steps of the two hot paths, one by one: `cargo bench --bench parts`.
#![expect(clippy::expect_used, reason = "a bench: what fails ends the run")]

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::hmac;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chrono::{DateTime, Duration, Utc};
use divan::Bencher;
use http::{HeaderMap, HeaderValue};
use serde_json::{Value, json};
use uuid::Uuid;
use yourbit_video::domain::{Field, Knowledge, Observation, Pictures, Policy, Status};
use yourbit_video::provider::{
    LoadOptions, PlaybackRequest, Provider, TemplateInput, VerifiedBody, embedded_map,
};

const SECRET: &str = "a-webhook-secret-of-the-bench";

fn main() {
    divan::main();
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).expect("a time")
}

fn mux() -> Provider {
    let pair = KeyPair::generate(KeySize::Rsa2048).expect("a key");
    let der: Pkcs8V1Der<'_> = pair.as_der().expect("an encoding");
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        STANDARD.encode(der.as_ref())
    );
    let env = move |name: &str| match name {
        "VIDEO_WEBHOOK_SECRET" => Some(SECRET.to_owned()),
        "VIDEO_SIGNING_KEY" | "VIDEO_CDN_TOKEN" | "VIDEO_CDN_SECRET" => Some("key".to_owned()),
        "VIDEO_PRIVATE_KEY" => Some(STANDARD.encode(&pem)),
        _ => None,
    };
    let map = embedded_map("mux").expect("a built-in map");
    Provider::load("mux", "mux.toml", map, &env, &LoadOptions::default()).expect("a good map")
}

fn body() -> Bytes {
    json!({
        "type": "video.asset.ready", "id": "event-1", "created_at": "2026-01-01T00:00:00.000000Z",
        "object": {"type": "asset", "id": "asset-1"}, "environment": {"name": "Production", "id": "55g0gl"},
        "data": {
            "status": "ready", "passthrough": "00000000-0000-7000-8000-000000000001", "id": "asset-1",
            "playback_ids": [{"policy": "signed", "id": "playback-1"}], "duration": 23.857_167, "aspect_ratio": "16:9",
            "tracks": [{"type": "video", "max_width": 1920, "max_height": 1080, "id": "t1"}],
        },
    })
    .to_string()
    .into()
}

fn headers(body: &[u8]) -> HeaderMap {
    let second = now().timestamp();
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let tag = hmac::sign(&key, &[second.to_string().as_bytes(), b".", body].concat());
    let text = format!("t={second},v1={}", hex::encode(tag));
    let value = HeaderValue::from_str(&text).expect("a header");
    std::iter::once((http::HeaderName::from_static("mux-signature"), value)).collect()
}

fn verified(mux: &Provider, headers: &HeaderMap, body: &Bytes) -> VerifiedBody {
    let check = mux.begin_webhook(headers, now()).expect("good headers");
    check.check_body(body.clone()).expect("a signature that holds")
}

fn subject(policy: Policy) -> TemplateInput {
    TemplateInput {
        video_id: Uuid::from_u128(1),
        owner: "owner".to_owned(),
        title: Some("A video".to_owned()),
        external_id: None,
        metadata: json!({}),
        playback_policy: policy,
        quality: Some("basic".to_owned()),
        thumbnail_time: None,
        upload_id: Some("upload-1".to_owned()),
        asset_id: Some("asset-1".to_owned()),
        playback_id: Some("playback-1".to_owned()),
        pictures: Pictures::Moving,
        captures: serde_json::Map::new(),
        filename: None,
        content_type: None,
        file_size: None,
        limits: yourbit_video::provider::UploadLimits::default(),
        cors_origin: None,
        source_url: None,
        tracks: Vec::new(),
        provider_settings: Value::Null,
        now: now(),
        expires: now(),
    }
}

#[divan::bench]
fn signature_check(bencher: Bencher<'_, '_>) {
    let (mux, body) = (mux(), body());
    let headers = headers(&body);
    bencher.bench(|| verified(&mux, &headers, &body));
}

#[divan::bench]
fn reading_an_event(bencher: Bencher<'_, '_>) {
    let (mux, body) = (mux(), body());
    let verified = verified(&mux, &headers(&body), &body);
    bencher.bench(|| mux.read_event(&verified));
}

#[divan::bench]
fn translating_an_event(bencher: Bencher<'_, '_>) {
    let (mux, body, subject) = (mux(), body(), subject(Policy::Signed));
    bencher.bench(|| mux.translate_event(&body, &subject, "event-1", now()));
}

#[divan::bench]
fn the_merge(bencher: Bencher<'_, '_>) {
    let seen = Observation {
        at: Some(now()),
        event_id: "event-1".to_owned(),
        status: Some(Status::Ready),
        asset_id: Some("asset-1".to_owned()),
        fields: vec![
            (Field::PlaybackId, json!("playback-1")),
            (Field::PlaybackPolicy, json!("signed")),
            (Field::Duration, json!(23.857_167)),
            (Field::AspectRatio, json!("16:9")),
        ],
        ..Observation::default()
    };
    bencher
        .with_inputs(Knowledge::default)
        .bench_values(|mut known| known.join(&seen).map(|()| known));
}

#[divan::bench]
fn rendering_an_address(bencher: Bencher<'_, '_>) {
    let (mux, subject) = (mux(), subject(Policy::Public));
    bencher.bench(|| mux.public_hls_url(&subject));
}

/// Six signatures: hls, storyboard, animated, three thumbnails.
#[divan::bench(sample_count = 50, sample_size = 1)]
fn signing_an_answer(bencher: Bencher<'_, '_>) {
    let mut at = now();
    playback(bencher, move || {
        at += Duration::hours(1);
        at
    });
}

/// The same six from the cache.
#[divan::bench]
fn an_answer_from_the_cache(bencher: Bencher<'_, '_>) {
    playback(bencher, now);
}

fn playback(bencher: Bencher<'_, '_>, mut time: impl FnMut() -> DateTime<Utc>) {
    let (mux, subject) = (mux(), subject(Policy::Signed));
    let sizes =
        [("small", 107), ("medium", 214), ("large", 640)].map(|(name, width)| (name.to_owned(), width));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    bencher.bench_local(|| {
        let ask = PlaybackRequest {
            now: time(),
            expires_in_s: 3600,
            max_ttl_s: 604_800,
            time_s: None,
            sizes: &sizes,
            params: &[],
            files: None,
            tracks: &[],
            caller: "",
        };
        runtime.block_on(mux.playback(&subject, &ask)).expect("an answer")
    });
}
