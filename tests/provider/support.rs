//! What the tests share: keys, environments, a video, a frozen time.

use std::{collections::BTreeMap, sync::OnceLock};

use aws_lc_rs::{
    encoding::AsDer,
    hmac,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey},
};
use axum::{body::Bytes, http::HeaderMap};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use uuid::Uuid;
use yourbit_video::{
    domain::{Pictures, Policy},
    provider::{
        CallError, Captures, LoadOptions, MapError, PlaybackRequest, Provider, Refused, TemplateInput,
        UploadDescriptor, VerifiedBody, embedded_map,
    },
};

/// The time at which the tests stand.
pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

/// An RSA key of 2048 bits, made once a run.
pub(crate) fn rsa_key() -> &'static KeyPair {
    static KEY: OnceLock<KeyPair> = OnceLock::new();
    KEY.get_or_init(|| KeyPair::generate(KeySize::Rsa2048).unwrap())
}

/// PKCS#8 in PEM.
pub(crate) fn rsa_pem() -> String {
    pem("PRIVATE KEY", rsa_key().as_der().unwrap().as_ref())
}

pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

/// Variables by name.
pub(crate) type Vars = BTreeMap<String, String>;

pub(crate) fn vars<const N: usize>(pairs: [(&str, &str); N]) -> Vars {
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

pub(crate) fn load(toml: &str, vars: &Vars) -> Result<Provider, MapError> {
    Provider::load(
        "test",
        "test.toml",
        toml,
        &|name| vars.get(name).cloned(),
        &LoadOptions::default(),
    )
}

/// A shipped map.
pub(crate) fn shipped(name: &str, vars: &Vars) -> Provider {
    load(embedded_map(name).unwrap(), vars).unwrap()
}

/// The variables of the Mux map, its hosts all being `base`.
pub(crate) fn mux_vars(base: &str) -> Vars {
    let key = STANDARD.encode(rsa_pem());
    vars([
        ("VIDEO_CDN_TOKEN", "token-id"),
        ("VIDEO_CDN_SECRET", "token-secret"),
        ("VIDEO_WEBHOOK_SECRET", "webhook-secret"),
        ("VIDEO_SIGNING_KEY", "kid-1"),
        ("VIDEO_PRIVATE_KEY", &key),
        ("VIDEO_MUX_API", base),
        ("VIDEO_MUX_ENVIRONMENT", "env1"),
    ])
}

pub(crate) fn video(policy: Policy) -> TemplateInput {
    TemplateInput {
        video_id: Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0001),
        owner: "user-1".to_owned(),
        title: Some("My clip".to_owned()),
        external_id: None,
        metadata: json!({}),
        playback_policy: policy,
        quality: Some("basic".to_owned()),
        thumbnail_time: None,
        upload_id: None,
        asset_id: None,
        playback_id: None,
        pictures: Pictures::Moving,
        captures: Captures::new(),
        filename: Some("clip.mp4".to_owned()),
        content_type: Some("video/mp4".to_owned()),
        file_size: Some(1_000_000),
        limits: yourbit_video::provider::UploadLimits::default(),
        cors_origin: Some("https://app.example".to_owned()),
        provider_settings: Value::Null,
        source_url: None,
        tracks: Vec::new(),
        now: now(),
        expires: now() + TimeDelta::seconds(3600),
    }
}

/// A video that plays.
pub(crate) fn ready(policy: Policy) -> TemplateInput {
    TemplateInput {
        upload_id: Some("up1".to_owned()),
        asset_id: Some("as1".to_owned()),
        playback_id: Some("pb1".to_owned()),
        ..video(policy)
    }
}

pub(crate) fn sizes() -> Vec<(String, u32)> {
    [("small", 107), ("medium", 214), ("large", 640)]
        .map(|(name, width)| (name.to_owned(), width))
        .to_vec()
}

pub(crate) fn ask(sizes: &[(String, u32)]) -> PlaybackRequest<'_> {
    PlaybackRequest {
        now: now(),
        expires_in_s: 3600,
        max_ttl_s: 604_800,
        time_s: Some(12),
        sizes,
        params: &[],
        files: None,
        tracks: &[],
        caller: "",
    }
}

/// Runs all steps of an upload.
pub(crate) async fn upload(
    provider: &Provider,
    input: &TemplateInput,
) -> Result<(Captures, UploadDescriptor), CallError> {
    provider.check_upload(input)?;
    let mut captures = Captures::new();
    for index in 0..provider.upload_step_count() {
        provider.run_upload_step(index, input, &mut captures).await?;
    }
    let told = provider.upload_descriptor(input, &captures)?;
    Ok((captures, told))
}

/// The lower-case hex HMAC-SHA256 of `message`.
pub(crate) fn hmac_hex(secret: &str, message: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    hex::encode(hmac::sign(&key, message.as_bytes()))
}

pub(crate) fn headers<const N: usize>(pairs: [(&'static str, &str); N]) -> HeaderMap {
    let mut out = HeaderMap::new();
    for (name, value) in pairs {
        out.append(name, value.parse().unwrap());
    }
    out
}

/// Verifies a delivery from beginning to end.
pub(crate) fn deliver(
    provider: &Provider,
    headers: &HeaderMap,
    body: &str,
    now: DateTime<Utc>,
) -> Result<VerifiedBody, Refused> {
    provider
        .begin_webhook(headers, now)?
        .check_body(Bytes::copy_from_slice(body.as_bytes()))
}

/// The claims of a token.
pub(crate) fn claims(token: &str) -> Value {
    part(token, 1)
}

/// A token's header (0) or claims (1).
pub(crate) fn part(token: &str, index: usize) -> Value {
    let text = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

/// The token was signed with the run's RSA key.
pub(crate) fn rsa_verifies(token: &str) -> bool {
    let (message, signature) = token.rsplit_once('.').unwrap();
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, rsa_key().public_key().as_ref());
    key.verify(message.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap())
        .is_ok()
}

pub(crate) fn cloudflare_vars(base: &str) -> Vars {
    let pem = STANDARD.encode(pem("RSA PRIVATE KEY", &rsa_pkcs1()));
    vars([
        ("VIDEO_CLOUDFLARE_API", base),
        ("VIDEO_CLOUDFLARE_ACCOUNT", "acc1"),
        ("VIDEO_CLOUDFLARE_TOKEN", "cf-token"),
        (
            "VIDEO_CLOUDFLARE_DELIVERY",
            "https://customer-x.cloudflarestream.com",
        ),
        ("VIDEO_CLOUDFLARE_WEBHOOK_SECRET", "cf-secret"),
        ("VIDEO_CLOUDFLARE_SIGNING_KEY", "kid-1"),
        ("VIDEO_CLOUDFLARE_PRIVATE_KEY", &pem),
    ])
}

pub(crate) fn api_video_vars(base: &str) -> Vars {
    vars([
        ("VIDEO_API_VIDEO_API", base),
        ("VIDEO_API_VIDEO_VOD", base),
        ("VIDEO_API_VIDEO_KEY", "av-key"),
        ("VIDEO_API_VIDEO_WEBHOOK_SECRET", "sig_sec_0000000000000000000000"),
    ])
}

pub(crate) fn bunny_vars(base: &str) -> Vars {
    vars([
        ("VIDEO_BUNNY_API", base),
        ("VIDEO_BUNNY_LIBRARY", "133"),
        ("VIDEO_BUNNY_KEY", "bunny-key"),
        ("VIDEO_BUNNY_READ_ONLY_KEY", "read-only-key"),
        ("VIDEO_BUNNY_DELIVERY", "https://vz-0000.b-cdn.net"),
        ("VIDEO_BUNNY_CDN_KEY", "SecurityKey"),
    ])
}

/// The bare RSA key that a PKCS#8 file wraps.
pub(crate) fn rsa_pkcs1() -> Vec<u8> {
    let pkcs8 = rsa_key().as_der().unwrap();
    // SEQUENCE { version, algorithm, OCTET STRING }: the inner key begins with the second long-form SEQUENCE.
    let start = pkcs8
        .as_ref()
        .windows(2)
        .enumerate()
        .filter(|(_, pair)| *pair == [0x30, 0x82])
        .nth(1)
        .map(|(at, _)| at)
        .unwrap();
    pkcs8.as_ref()[start..].to_vec()
}

/// The smallest map that loads, with the variables KEY and WEBHOOK.
pub(crate) const MINIMAL: &str = r#"
[secrets]
key = "${KEY}"
webhook = "${WEBHOOK}"
[api]
auth = { kind = "bearer", token = "{secrets.key}" }
[[upload.steps]]
method = "POST"
url = "https://api.example/uploads"
take = { upload_id = "/id", asset_id = "/asset", playback_id = "/play", upload_url = "/url" }
[upload.client]
protocol = "put"
url = "{upload_url}"
[playback.urls]
hls = "https://cdn.example/{playback_id}.m3u8"
"#;

/// A map of `config/providers/examples`.
pub(crate) fn example(name: &str) -> String {
    let path = format!(
        "{}/config/providers/examples/{name}.toml",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read_to_string(path).unwrap()
}

/// The RSA key that RFC 9500 publishes for tests: signatures with it can be compared with those of other programs.
pub(crate) const RFC_9500_PEM: &str = include_str!("rfc9500_rsa2048.pem");

/// The minimal map with a `[playback.sign]` (or whatever `sign` holds) and this signed form of `hls`.
pub(crate) fn signing(sign: &str, signed: &str) -> String {
    let public = "https://cdn.example/{playback_id}.m3u8";
    MINIMAL
        .replace("[playback.urls]\n", &format!("{sign}\n[playback.urls]\n"))
        .replace(
            &format!("\"{public}\""),
            &format!("{{ public = \"{public}\", signed = \"{signed}\" }}"),
        )
}
