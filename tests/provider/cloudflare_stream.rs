//! The Cloudflare Stream map against answers and events as Cloudflare documents them.

use serde_json::json;
use yourbit_video::{
    domain::{Field, Policy, Status},
    provider::{CallError, CancelOutcome, DeleteOutcome, Lookup, Priority, TemplateInput},
};

use crate::{
    fake::Fake,
    support::{
        ask, claims, cloudflare_vars, deliver, headers, hmac_hex, now, ready, rsa_verifies, shipped, sizes,
        upload, video,
    },
};

#[tokio::test]
async fn an_upload_is_created_by_us_and_resumed_by_the_client() {
    let fake = Fake::start().await;
    let created = [
        ("location", "https://upload.example/tus/abc?x=1"),
        ("stream-media-id", "uid1"),
    ];
    fake.says(201, &created, "");
    let provider = shipped("cloudflare_stream", &cloudflare_vars(&fake.base));
    let (captures, told) = upload(&provider, &video(Policy::Signed)).await.unwrap();
    assert_eq!(
        (&captures["asset_id"], &captures["playback_id"]),
        (&json!("uid1"), &json!("uid1"))
    );
    let told = serde_json::to_value(told).unwrap();
    assert_eq!(
        (&told["protocol"], &told["method"]),
        (&json!("tus_existing"), &json!("PATCH"))
    );
    assert_eq!(told["url"], "https://upload.example/tus/abc?x=1");
    assert_eq!(told["chunk"]["multiple"], 262_144);
    let asked = &fake.asked()[0];
    assert_eq!(asked.line(), "POST /accounts/acc1/stream?direct_user=true");
    assert_eq!(asked.header("authorization"), "Bearer cf-token");
    assert_eq!(
        (asked.header("tus-resumable"), asked.header("upload-length")),
        ("1.0.0", "1000000")
    );
    assert_eq!(
        asked.header("upload-metadata"),
        "maxDurationSeconds MzYwMA==,expiry MjAyNy0wMS0xNVQwOTowMDowMFo=,\
         name MDE5OTAwMDAtMDAwMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAx,requiresignedurls"
    );
    let error = provider
        .check_upload(&TemplateInput {
            file_size: None,
            ..video(Policy::Public)
        })
        .unwrap_err();
    assert_eq!(error.field, "file_size");
}

#[test]
fn ready_and_error_events_are_told_apart_by_their_state() {
    let provider = shipped("cloudflare_stream", &cloudflare_vars("https://api.example"));
    let body = r#"{"uid":"as1","readyToStream":true,"status":{"state":"ready","pctComplete":"39.000000","errorReasonCode":"","errorReasonText":""},"meta":{"name":"01990000-0000-7000-8000-000000000001"},"requireSignedURLs":true,"duration":5.5,"input":{"width":560,"height":320}}"#;
    let errored = r#"{"uid":"as1","readyToStream":false,"status":{"state":"error","errorReasonCode":"ERR_NON_VIDEO","errorReasonText":"no video"},"duration":-1}"#;
    let read = |body: &str| {
        let t = now().timestamp();
        let signature = format!("time={t},sig1={}", hmac_hex("cf-secret", &format!("{t}.{body}")));
        let verified = deliver(
            &provider,
            &headers([("Webhook-Signature", &signature)]),
            body,
            now(),
        )
        .unwrap();
        let delivery = provider.read_event(&verified).unwrap();
        assert!(delivery.id_is_hash && delivery.asset_id.as_deref() == Some("as1"));
        (
            delivery,
            provider
                .translate_event(body.as_bytes(), &ready(Policy::Signed), "e", now())
                .unwrap()
                .observation,
        )
    };
    let (delivery, seen) = read(body);
    assert_eq!(delivery.video_id, Some(video(Policy::Signed).video_id));
    assert_eq!((seen.status, seen.at), (Some(Status::Ready), None));
    assert!(seen.fields.contains(&(Field::Duration, json!(5.5))));
    assert!(seen.fields.contains(&(Field::PlaybackPolicy, json!("signed"))));
    let (_, seen) = read(errored);
    assert_eq!(seen.status, Some(Status::Errored));
    assert!(seen.fields.contains(&(Field::ErrorCode, json!("ERR_NON_VIDEO"))));
    assert!(
        !seen.fields.iter().any(|(field, _)| *field == Field::Duration),
        "-1 means that nobody knows"
    );
}

#[tokio::test]
async fn an_asset_is_asked_for_deleted_and_so_called_off() {
    let fake = Fake::start().await;
    let provider = shipped("cloudflare_stream", &cloudflare_vars(&fake.base));
    let row = ready(Policy::Signed);
    for (state, status) in [
        ("pendingupload", Status::Waiting),
        ("inprogress", Status::Preparing),
        ("error", Status::Errored),
    ] {
        fake.says_json(
            200,
            &json!({"success": true, "result": {"uid": "as1", "status": {"state": state}}}),
        );
        let Lookup::Found(seen) = provider
            .get_asset(&row, Priority::Background, now())
            .await
            .unwrap()
        else {
            panic!()
        };
        assert_eq!(seen.status, Some(status));
    }
    fake.says_json(
        200,
        &json!({"success": false, "errors": [{"code": 1, "message": "no such key"}]}),
    );
    let error = provider
        .get_asset(&row, Priority::Background, now())
        .await
        .unwrap_err();
    assert_eq!(
        error,
        CallError::Refused {
            status: 200,
            message: Some("no such key".to_owned())
        }
    );
    fake.says(200, &[], "").says(404, &[], "");
    assert_eq!(
        provider
            .cancel_upload(&row, Priority::Request("alice"), now())
            .await
            .unwrap(),
        CancelOutcome::Cancelled
    );
    assert_eq!(
        provider
            .delete_asset(&row, Priority::Background, now())
            .await
            .unwrap(),
        DeleteOutcome::Gone
    );
    assert_eq!(fake.asked()[5].line(), "DELETE /accounts/acc1/stream/as1");
}

#[tokio::test]
async fn the_token_stands_where_the_id_would() {
    let provider = shipped("cloudflare_stream", &cloudflare_vars("https://api.example"));
    let sizes = sizes();
    let answer = provider
        .playback(&ready(Policy::Signed), &ask(&sizes))
        .await
        .unwrap();
    let token = &answer.tokens["playback"];
    let exp = answer.expires_at.unwrap().timestamp();
    assert_eq!(claims(token), json!({"sub": "as1", "kid": "kid-1", "exp": exp}));
    assert!(rsa_verifies(token), "base64 of a PKCS#1 PEM");
    let base = "https://customer-x.cloudflarestream.com";
    assert_eq!(answer.urls["hls"], format!("{base}/{token}/manifest/video.m3u8"));
    assert_eq!(
        answer.thumbnails["large"],
        format!("{base}/{token}/thumbnails/thumbnail.jpg?fit=clip&time=12s&width=640")
    );
    assert_eq!(provider.max_playback_ttl_s(), Some(86_400));
    let answer = provider
        .playback(&ready(Policy::Public), &ask(&sizes))
        .await
        .unwrap();
    assert_eq!(answer.urls["dash"], format!("{base}/as1/manifest/video.mpd"));
}

#[tokio::test]
async fn a_429_says_when_to_come_back() {
    let fake = Fake::start().await;
    fake.says(429, &[("retry-after", "Fri, 15 Jan 2027 08:03:20 GMT")], "{}");
    let provider = shipped("cloudflare_stream", &cloudflare_vars(&fake.base));
    let error = provider
        .get_asset(&ready(Policy::Signed), Priority::Request("alice"), now())
        .await
        .unwrap_err();
    let CallError::Outage { retry_after, .. } = error else {
        panic!("{error}")
    };
    // From the moment when it was asked, a little after `now`.
    assert_eq!(retry_after.unwrap().as_millis().div_ceil(1000), 200);
}
