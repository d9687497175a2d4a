//! The Cloudinary map against what the packages `cloudinary` (2) and `@cloudinary/asset-management-mcp` make and expect.

use chrono::TimeDelta;
use serde_json::json;
use yourbit_video::{
    domain::{Policy, Status},
    provider::{DeleteOutcome, Lookup, Priority, Provider, Refused, TemplateInput},
};

use crate::{
    fake::Fake,
    support::{Vars, ask, deliver, example, headers, load, now, ready, sizes, upload, vars, video},
};

const ID: &str = "01990000-0000-7000-8000-000000000001";

fn cloudinary_vars(base: &str) -> Vars {
    vars([
        ("VIDEO_CLOUDINARY_API", base),
        ("VIDEO_CLOUDINARY_CLOUD", "demo"),
        ("VIDEO_CLOUDINARY_KEY", "1234"),
        ("VIDEO_CLOUDINARY_SECRET", "abcd"),
        ("VIDEO_CLOUDINARY_WEBHOOK_SECRET", "older,abcd"),
        ("VIDEO_CLOUDINARY_TOKEN_KEY", "00112233FF99"),
        ("VIDEO_CLOUDINARY_DELIVERY", "https://demo-res.cloudinary.com"),
    ])
}

fn cloudinary(base: &str) -> Provider {
    load(&example("cloudinary"), &cloudinary_vars(base)).unwrap()
}

fn played(policy: Policy) -> TemplateInput {
    TemplateInput {
        asset_id: Some(ID.to_owned()),
        playback_id: Some(ID.to_owned()),
        ..ready(policy)
    }
}

#[tokio::test]
async fn an_upload_is_a_form_of_ours_and_no_call() {
    let fake = Fake::start().await;
    let provider = cloudinary(&fake.base);
    // Both signatures are those of the package: `api_sign_request(parameters, "abcd", "sha256")`.
    for (policy, access, signature) in [
        (
            Policy::Signed,
            r#"[{"access_type":"token"}]"#,
            "e5257944edb3c0d64ec816c37333c588ff46052dbe698cbf49ff06275b127b61",
        ),
        (
            Policy::Public,
            r#"[{"access_type":"anonymous"}]"#,
            "363f8bafc67d22e631a809aa2aaa02727c1f4755f205b3c625b99f7019ed097c",
        ),
    ] {
        let (captures, told) = upload(&provider, &video(policy)).await.unwrap();
        assert_eq!(
            json!(captures),
            json!({"asset_id": ID, "playback_id": ID}),
            "the ids are ours"
        );
        let told = serde_json::to_value(told).unwrap();
        assert_eq!(told["protocol"], "post_form_content_range");
        assert_eq!(told["url"], format!("{}/v1_1/demo/video/upload", fake.base));
        assert_eq!(told["headers"], json!({"X-Unique-Upload-Id": ID}));
        assert_eq!(told["file_field"], "file");
        let form = json!({
            "access_control": access, "api_key": "1234", "eager": "sp_full_hd/m3u8", "eager_async": "true",
            "overwrite": "false", "public_id": ID, "signature": signature, "timestamp": "1800000000",
        });
        assert_eq!(told["form_fields"], form);
        assert!(!told.to_string().contains("abcd"), "the secret stays here");
    }
    assert!(fake.asked().is_empty(), "nobody is asked before the file comes");
    assert_eq!(
        provider.upload_ttl_s(60),
        3600,
        "the signature holds for one hour"
    );
}

/// The package: `webhook_signature('{"public_id":"a"}', 1800000000)` with the secret `abcd`.
const SHA1: &str = "68a43bcede8b4b2cb114914516c487ea765946a6";
const SHA256: &str = "0f01a97c579b44c70ab4d424e434400a0f4eb72ebd5962ee5ff376b9a6da310a";

#[test]
fn events_hold_by_either_hash_and_by_nothing_else() {
    let provider = cloudinary("https://api.example");
    let deliver = |signature: &str, timestamp: &str, body: &str, later_s: i64| {
        let headers = headers([("X-Cld-Signature", signature), ("X-Cld-Timestamp", timestamp)]);
        deliver(&provider, &headers, body, now() + TimeDelta::seconds(later_s)).map(|_| ())
    };
    let body = r#"{"public_id":"a"}"#;
    for signature in [SHA1, SHA256] {
        assert_eq!(deliver(signature, "1800000000", body, 7200), Ok(()));
        assert_eq!(
            deliver(signature, "1800000000", body, 7201),
            Err(Refused::Timestamp),
            "too old"
        );
        assert_eq!(
            deliver(signature, "1800000001", body, 0),
            Err(Refused::Signature),
            "another timestamp is not what was signed"
        );
        assert_eq!(
            deliver(signature, "1800000000", r#"{"public_id":"b"}"#, 0),
            Err(Refused::Signature)
        );
        assert_eq!(
            deliver(&signature[..38], "1800000000", body, 0),
            Err(Refused::Signature),
            "a part of it is none"
        );
    }
    // SHA-1 of body and timestamp alone: anybody can compute that.
    let unkeyed = "baef9459824eb9e9c68f25e8a154cb059a4e3275";
    assert_eq!(deliver(unkeyed, "1800000000", body, 0), Err(Refused::Signature));
}

#[tokio::test]
async fn playback_is_signed_by_the_token_of_the_package() {
    let provider = cloudinary("https://api.example");
    let sizes = sizes();
    let answer = provider
        .playback(&played(Policy::Signed), &ask(&sizes))
        .await
        .unwrap();
    // `generate_auth_token({key: "00112233FF99", expiration: 1800003600, acl: "/video/upload/*/<id>*"})`
    let token = "__cld_token__=exp=1800003600~acl=%2fvideo%2fupload%2f*%2f01990000-0000-7000-8000-000000000001*~hmac=2cf56f42f6eedf53a68c0fe480d694ba866de1bdbe30e66e66588b70ed5614cb";
    let base = "https://demo-res.cloudinary.com/video/upload";
    assert_eq!(answer.urls["hls"], format!("{base}/sp_full_hd/{ID}.m3u8?{token}"));
    assert_eq!(answer.urls["mp4"], format!("{base}/q_auto/{ID}.mp4?{token}"));
    assert_eq!(
        answer.thumbnails["large"],
        format!("{base}/so_auto,c_limit,w_640/{ID}.jpg?{token}")
    );
    assert_eq!(answer.expires_at.unwrap().timestamp(), 1_800_003_600);
    assert_eq!(
        provider.public_hls_url(&played(Policy::Public)).unwrap(),
        format!("{base}/sp_full_hd/{ID}.m3u8")
    );
    let mut off = cloudinary_vars("https://api.example");
    off.insert("VIDEO_CLOUDINARY_TOKEN_KEY".to_owned(), String::new());
    let off = load(&example("cloudinary"), &off).unwrap();
    assert!(off.can_play(Policy::Public) && !off.can_play(Policy::Signed));
}

#[tokio::test]
async fn an_asset_is_ready_once_its_stream_is_made() {
    let fake = Fake::start().await;
    let provider = cloudinary(&fake.base);
    let row = played(Policy::Signed);
    let asset = |derived: serde_json::Value| json!({"public_id": ID, "duration": 28.04, "derived": derived});
    let stream = json!([{"transformation": "sp_full_hd", "format": "m3u8", "id": "d1"}]);
    for (answer, wanted) in [
        (asset(json!([])), Status::Preparing),
        (asset(stream), Status::Ready),
    ] {
        fake.says_json(200, &answer);
        let found = provider
            .get_asset(&row, Priority::Background, now())
            .await
            .unwrap();
        let Lookup::Found(seen) = found else {
            panic!("the asset is there")
        };
        assert_eq!((seen.status, seen.asset_id.as_deref()), (Some(wanted), Some(ID)));
    }
    fake.says_json(404, &json!({"error": {"message": "Resource not found"}}));
    let found = provider
        .get_asset(&row, Priority::Background, now())
        .await
        .unwrap();
    assert_eq!(found, Lookup::Gone, "before the file has come");
    let asked = &fake.asked()[0];
    assert_eq!(
        (asked.line(), asked.header("authorization")),
        (
            format!("GET /v1_1/demo/resources/video/upload/{ID}"),
            "Basic MTIzNDphYmNk"
        )
    );
    for result in ["ok", "not found"] {
        fake.says_json(200, &json!({"result": result}));
        let deleted = provider
            .delete_asset(&row, Priority::Background, now())
            .await
            .unwrap();
        assert_eq!(deleted, DeleteOutcome::Deleted);
    }
    let asked = fake.asked().pop().unwrap();
    assert_eq!(asked.line(), "POST /v1_1/demo/video/destroy");
    assert_eq!(asked.json(), json!({"public_id": ID, "invalidate": true}));
}
