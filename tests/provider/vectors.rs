//! Published and computed test vectors, each through a map.

use chrono::DateTime;
use yourbit_video::{
    domain::Policy,
    provider::{Captures, PlaybackRequest, Provider, TemplateInput},
};

use crate::support::{
    bunny_vars, cloudflare_vars, deliver, headers, load, mux_vars, ready, shipped, vars, video,
};

fn with(mut vars: crate::support::Vars, name: &str, value: &str) -> crate::support::Vars {
    vars.insert(name.to_owned(), value.to_owned());
    vars
}

fn holds<const N: usize>(provider: &Provider, pairs: [(&'static str, &str); N], body: &str, at: i64) -> bool {
    deliver(
        provider,
        &headers(pairs),
        body,
        DateTime::from_timestamp(at, 0).unwrap(),
    )
    .is_ok()
}

#[test]
fn mux_published_signatures_hold() {
    let provider = shipped(
        "mux",
        &with(
            mux_vars("https://a.example"),
            "VIDEO_WEBHOOK_SECRET",
            "SuperSecret123",
        ),
    );
    let nested = r#"{"test":{"nested":{"nanos":718234, "seconds":1691711005}}}"#;
    for (t, body, v1) in [
        (
            1_565_125_718,
            r#"{"test":"body"}"#,
            "854ece4c22acef7c66b57d4e504153bc512595e8e9c772ece2a68150548c19a7",
        ),
        (
            1_565_125_718,
            nested,
            "bd315c24bce1c2b8ad325696f26530c8ef7d7d830afb7c1381903705d04607be",
        ),
        (
            1_591_664_030,
            "payload",
            "e43496b6aae982c4c2fd6f8e92935f1d90216f1f64d56024e72390acfb988272",
        ),
        (
            1_565_125_718,
            r#"{"title":"café ☕"}"#,
            "bbdbbc22ff1994b4a5569cc723be445e1997927c172029403e2a0aa3c5522ccd",
        ),
        (
            1_565_125_718,
            "",
            "37bd657616f78687d72d4f72d052242cd38eb20df370f38b972826072868dd36",
        ),
    ] {
        let signature = format!("t={t},v1={v1}");
        assert!(
            holds(&provider, [("Mux-Signature", &signature)], body, t),
            "{body}"
        );
    }
    let provider = shipped(
        "mux",
        &with(mux_vars("https://a.example"), "VIDEO_WEBHOOK_SECRET", "my secret"),
    );
    let signature = "t=1565220904,v1=1a29f2f76bbfa814a646eab762d70dcd01527731fc7f52fc5e22827b20b8310a";
    let body = r#"{"type":"video.asset.ready","id":"evt-1","data":{"id":"asset-1","status":"ready"}}"#;
    assert!(holds(
        &provider,
        [("Mux-Signature", signature)],
        body,
        1_565_220_904
    ));
}

#[test]
fn the_other_providers_signatures_hold() {
    let vars = with(
        cloudflare_vars("https://a.example"),
        "VIDEO_CLOUDFLARE_WEBHOOK_SECRET",
        "85011ed3a913c6ad5f9cf6c5573cc0a7",
    );
    let body = r#"{"uid":"6b9e68b07dfee8cc2d116e4c51d6a957","readyToStream":true,"status":{"state":"ready","pctComplete":"100.000000","errorReasonCode":"","errorReasonText":""},"duration":5.5}"#;
    let signature = "time=1230811200,sig1=c0d0e3f9365e74c8c5b08db73aa3148804740ab3404728fbe7dfb0152cc7b1aa";
    let provider = shipped("cloudflare_stream", &vars);
    assert!(holds(
        &provider,
        [("Webhook-Signature", signature)],
        body,
        1_230_811_200
    ));

    let provider = shipped("api_video", &crate::support::api_video_vars("https://a.example"));
    let body = r#"{"type":"video.encoding.quality.completed","emittedAt":"2021-01-29T15:46:25.217Z","videoId":"vi0000000000000000000000","liveStreamId":"li0000000000000000000000","encoding":"hls","quality":"720p"}"#;
    let signature = "27a77d3a7fc626854886b5dbfae4e32c8b0170c1ea1b714c91ba77f1e7774e8c";
    assert!(holds(&provider, [("X-Api-Video-Signature", signature)], body, 0));

    let provider = shipped("bunny_stream", &bunny_vars("https://a.example"));
    let body = r#"{"VideoLibraryId":133,"VideoGuid":"657bb740-a71b-4529-a012-528021c31a92","Status":3}"#;
    let signature = "95ba721a9a8ee56efa4ce19d45dba902747c0effc76c76a6d3d316f1f332cfd8";
    let version = ("X-BunnyStream-Signature-Version", "v1");
    let algorithm = ("X-BunnyStream-Signature-Algorithm", "hmac-sha256");
    assert!(holds(
        &provider,
        [("X-BunnyStream-Signature", signature), version, algorithm],
        body,
        0
    ));
    assert!(
        !holds(
            &provider,
            [("X-BunnyStream-Signature", signature), algorithm],
            body,
            0
        ),
        "no version"
    );
}

#[test]
fn standard_webhooks_hold() {
    let map = crate::support::MINIMAL.to_owned()
        + r#"
[webhook.verify]
kind = "hmac"
secret = "{secrets.webhook}"
secret_encoding = "base64"
strip_prefix = "whsec_"
header = "webhook-signature"
format = { kind = "list", separator = " ", prefix = "v1," }
message = "{header:webhook-id}.{timestamp}.{body}"
encoding = "base64"
timestamp = { header = "webhook-timestamp", unit = "s", tolerance_s = 300 }
[webhook.event]
id = { header = "webhook-id" }
[[webhook.on]]
emit = "updated"
"#;
    let vars = vars([
        ("KEY", "k"),
        ("WEBHOOK", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
    ]);
    let provider = load(&map, &vars).unwrap();
    let headers = headers([
        ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
        ("webhook-timestamp", "1614265330"),
        (
            "webhook-signature",
            "v1,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        ),
    ]);
    let at = DateTime::from_timestamp(1_614_265_330, 0).unwrap();
    let verified = deliver(&provider, &headers, r#"{"test": 2432232314}"#, at).unwrap();
    let delivery = provider.read_event(&verified).unwrap();
    assert_eq!(
        (delivery.event_id.as_str(), delivery.id_is_hash),
        ("msg_p5jXN8AQM9LWM0D4loKWxJek", false)
    );
}

const GUID: &str = "eb1c4f77-0cda-46be-b47d-1118ad7c2ffe";

async fn hls(map: &str, expires: i64) -> String {
    let provider = load(map, &vars([("KEY", "SecurityKey"), ("WEBHOOK", "w")])).unwrap();
    let row = TemplateInput {
        asset_id: Some(GUID.to_owned()),
        ..ready(Policy::Signed)
    };
    // With a life of a second the expiry is exactly what is asked for.
    let now = DateTime::from_timestamp(expires - 1, 0).unwrap();
    let ask = PlaybackRequest {
        now,
        expires_in_s: 1,
        max_ttl_s: 1,
        time_s: None,
        sizes: &[],
        params: &[],
        tracks: &[],
        caller: "",
        files: None,
    };
    provider.playback(&row, &ask).await.unwrap().urls["hls"].clone()
}

fn signing(sign: &str, signed: &str) -> String {
    let public = "https://cdn.example/{playback_id}.m3u8";
    crate::support::MINIMAL
        .replace(
            "[playback.urls]\n",
            &format!("[playback.sign]\nkind = \"digest\"\n{sign}\n[playback.urls]\n"),
        )
        .replace(
            &format!("\"{public}\""),
            &format!("{{ public = \"{public}\", signed = \"{signed}\" }}"),
        )
}

#[tokio::test]
async fn bunny_embed_and_cdn_signatures_are_made() {
    let embed = signing(
        "algorithm = \"sha256\"\nmessage = \"{secrets.key}{asset_id}{expires}\"",
        "https://player.mediadelivery.net/embed/759/{asset_id}?token={signature}&expires={expires}",
    );
    assert_eq!(
        hls(&embed, 1_456_761_770).await,
        "https://player.mediadelivery.net/embed/759/eb1c4f77-0cda-46be-b47d-1118ad7c2ffe?token=2750650d0acb020ca0beac9a0d5aaf58e894192302ab3f3d17ed6c8da9a4fc1e&expires=1456761770"
    );
    let cdn = "algorithm = \"hmac-sha256\"\nkey = \"{secrets.key}\"\nencoding = \"base64url_nopad\"\nprefix = \"HS256-\"\n";
    let directory = signing(
        &format!("{cdn}message = \"/{{asset_id}}/{{expires}}token_path=/{{asset_id}}/\""),
        "https://vz-0000.b-cdn.net/bcdn_token={signature}&token_path=%2F{asset_id}%2F&expires={expires}/{asset_id}/playlist.m3u8",
    );
    assert_eq!(
        hls(&directory, 1_598_024_587).await,
        "https://vz-0000.b-cdn.net/bcdn_token=HS256-ARHe6a4FpEKUq2o8SCq25B4NHCdsjm1WBwko8JkSbaM&token_path=%2Feb1c4f77-0cda-46be-b47d-1118ad7c2ffe%2F&expires=1598024587/eb1c4f77-0cda-46be-b47d-1118ad7c2ffe/playlist.m3u8"
    );
    // The published vectors are of fixed paths: an id stands where the path would differ.
    for (id, message, url, wanted) in [
        (
            "300kb.jpg",
            "/{asset_id}{expires}",
            "https://token-tester.b-cdn.net/{asset_id}?token={signature}&expires={expires}",
            "https://token-tester.b-cdn.net/300kb.jpg?token=HS256-o10JRWlsAItyAsdKS6jJKjabHN4FrFsplDHPV1idcX4&expires=1598024587",
        ),
        (
            "abc",
            "/{asset_id}/{expires}",
            "https://token-tester.b-cdn.net/bcdn_token={signature}&expires={expires}/{asset_id}/",
            "https://token-tester.b-cdn.net/bcdn_token=HS256-bTMv4RVOkjx2UXLfVDl-JIygaxfSIQP8UCnCy7CILuY&expires=1598024587/abc/",
        ),
    ] {
        let map = signing(&format!("{cdn}message = \"{message}\""), url);
        assert_eq!(
            hls(&map, 1_598_024_587).await.replace(GUID, id).len(),
            wanted.len()
        );
        let provider = load(&map, &vars([("KEY", "SecurityKey"), ("WEBHOOK", "w")])).unwrap();
        let row = TemplateInput {
            asset_id: Some(id.to_owned()),
            ..ready(Policy::Signed)
        };
        let now = DateTime::from_timestamp(1_598_024_586, 0).unwrap();
        let ask = PlaybackRequest {
            now,
            expires_in_s: 1,
            max_ttl_s: 1,
            time_s: None,
            sizes: &[],
            params: &[],
            tracks: &[],
            caller: "",
            files: None,
        };
        assert_eq!(provider.playback(&row, &ask).await.unwrap().urls["hls"], wanted);
    }
}

#[test]
fn bunny_upload_signature_is_made() {
    let vars = with(
        with(bunny_vars("https://a.example"), "VIDEO_BUNNY_LIBRARY", "759"),
        "VIDEO_BUNNY_KEY",
        "test-stream-api-key",
    );
    let provider = shipped("bunny_stream", &vars);
    let expires = DateTime::from_timestamp(1_456_761_770, 0).unwrap();
    let input = TemplateInput {
        expires,
        ..video(Policy::Signed)
    };
    let mut captures = Captures::new();
    captures.insert("asset_id".to_owned(), GUID.into());
    let told = provider.upload_descriptor(&input, &captures).unwrap();
    assert_eq!(
        told.headers["AuthorizationSignature"],
        "9fb5503c39b02d67e98aae346811aa0f2c399357324cdcdc5eb5fa88f9d5c6a3"
    );
}

/// The `Upload-Metadata` header that a map with this template sends.
async fn tus_metadata(template: &str, input: TemplateInput) -> String {
    let fake = crate::fake::Fake::start().await;
    fake.says(201, &[], "");
    let step = format!("headers = {{ Upload-Metadata = \"{template}\" }}\ntake = {{ upload_id");
    let map = crate::support::MINIMAL
        .replace("take = { upload_id", &step)
        .replace(
            "[[upload.steps]]",
            "[upload]\nrequires = [\"filename\"]\n[[upload.steps]]",
        )
        .replace("https://api.example", &fake.base);
    let provider = load(
        &format!("[vars]\nmax = 600\n{map}"),
        &vars([("KEY", "k"), ("WEBHOOK", "w")]),
    )
    .unwrap();
    let sent = provider.run_upload_step(0, &input, &mut Captures::new()).await;
    assert!(sent.is_err(), "the answer is empty");
    fake.asked()[0].header("upload-metadata").to_owned()
}

#[tokio::test]
async fn cloudflare_published_tus_metadata_is_made() {
    let expires = DateTime::parse_from_rfc3339("2024-02-27T07:20:50Z")
        .unwrap()
        .to_utc();
    let input = TemplateInput {
        expires,
        ..video(Policy::Signed)
    };
    let template = "maxDurationSeconds {vars.max|b64},requiresignedurls,expiry {expires|rfc3339|b64}";
    assert_eq!(
        tus_metadata(template, input).await,
        "maxDurationSeconds NjAw,requiresignedurls,expiry MjAyNC0wMi0yN1QwNzoyMDo1MFo="
    );
}

#[tokio::test]
async fn the_tus_specification_s_metadata_is_made() {
    let input = TemplateInput {
        filename: Some("world_domination_plan.pdf".to_owned()),
        ..video(Policy::Signed)
    };
    assert_eq!(
        tus_metadata("filename {filename|b64},is_confidential", input).await,
        "filename d29ybGRfZG9taW5hdGlvbl9wbGFuLnBkZg==,is_confidential"
    );
}
