//! The api.video map against answers and events as api.video documents them.

use serde_json::json;
use yourbit_video::{
    domain::{Field, Policy, Status},
    provider::{CallError, DeleteOutcome, Lookup, Priority},
};

use crate::{
    fake::Fake,
    support::{api_video_vars, ask, deliver, headers, hmac_hex, now, ready, shipped, sizes, upload, video},
};

#[tokio::test]
async fn an_upload_is_a_video_and_a_token() {
    let fake = Fake::start().await;
    fake.says_json(201, &json!({"videoId": "vi1", "assets": {}}))
        .says_json(200, &json!({"token": "to1", "ttl": 3600}));
    let provider = shipped("api_video", &api_video_vars(&fake.base));
    let (captures, told) = upload(&provider, &video(Policy::Signed)).await.unwrap();
    assert_eq!(
        (&captures["asset_id"], &captures["upload_token"]),
        (&json!("vi1"), &json!("to1"))
    );
    let told = serde_json::to_value(told).unwrap();
    assert_eq!(
        (&told["protocol"], &told["method"]),
        (&json!("post_form_content_range"), &json!("POST"))
    );
    assert_eq!(told["url"], format!("{}/upload?token=to1", fake.base));
    assert_eq!(
        (&told["form_fields"], &told["file_field"]),
        (&json!({"videoId": "vi1"}), &json!("file"))
    );
    let asked = fake.asked();
    assert_eq!(asked[0].header("authorization"), "Basic YXYta2V5Og==");
    let id = "01990000-0000-7000-8000-000000000001";
    let sent = json!({"title": id, "public": false, "mp4Support": false, "metadata": [{"key": "video_id", "value": id}]});
    assert_eq!(asked[0].json(), sent);
    assert_eq!(
        (asked[1].line().as_str(), asked[1].json()),
        ("POST /upload-tokens", json!({"ttl": 3600}))
    );
}

#[test]
fn an_event_says_only_that_it_is_time_to_ask() {
    let provider = shipped("api_video", &api_video_vars("https://ws.example"));
    let body = r#"{"type":"video.encoding.quality.completed","emittedAt":"2021-01-29T15:46:25.217Z","videoId":"as1","encoding":"hls","quality":"720p"}"#;
    let signature = hmac_hex("sig_sec_0000000000000000000000", body);
    let verified = deliver(
        &provider,
        &headers([("X-Api-Video-Signature", &signature)]),
        body,
        now(),
    )
    .unwrap();
    let delivery = provider.read_event(&verified).unwrap();
    assert!(delivery.id_is_hash && delivery.asset_id.as_deref() == Some("as1"));
    assert_eq!(
        delivery.occurred_at.unwrap().timestamp_millis(),
        1_611_935_185_217
    );
    let seen = provider
        .translate_event(body.as_bytes(), &ready(Policy::Public), "e", now())
        .unwrap();
    assert!(seen.refresh && seen.observation.status == Some(Status::Preparing));
}

#[tokio::test]
async fn the_status_is_derived() {
    let fake = Fake::start().await;
    let provider = shipped("api_video", &api_video_vars(&fake.base));
    let metadata = json!({"duration": 5, "width": 1280, "height": 720, "aspectRatio": "16/9"});
    for (answer, status) in [
        (
            json!({"ingest": null, "encoding": {"playable": false}}),
            Status::Waiting,
        ),
        (
            json!({"ingest": {"status": "ingesting"}, "encoding": {"playable": false}}),
            Status::Preparing,
        ),
        (
            json!({"encoding": {"playable": false, "qualities": [{"status": "failed"}]}}),
            Status::Errored,
        ),
        (
            json!({"encoding": {"playable": true, "metadata": metadata}}),
            Status::Ready,
        ),
    ] {
        fake.says_json(200, &answer);
        let Lookup::Found(seen) = provider
            .get_asset(&ready(Policy::Public), Priority::Background, now())
            .await
            .unwrap()
        else {
            panic!()
        };
        assert_eq!(seen.status, Some(status));
        assert_eq!(
            seen.fields.contains(&(Field::Duration, json!(5.0))),
            status == Status::Ready,
            "{:?}",
            seen.fields
        );
    }
    fake.says(204, &[], "");
    let row = ready(Policy::Public);
    assert_eq!(
        provider
            .delete_asset(&row, Priority::Request("alice"), now())
            .await
            .unwrap(),
        DeleteOutcome::Deleted
    );
}

#[tokio::test]
async fn a_private_video_is_asked_for_again_for_each_viewer() {
    let fake = Fake::start().await;
    let provider = shipped("api_video", &api_video_vars(&fake.base));
    let sizes = sizes();
    for n in ["1", "2"] {
        let player = format!("https://embed.api.video/vod/as1?token=tok{n}");
        fake.says_json(200, &json!({"assets": {"player": player}}));
        fake.says_json(200, &json!({"session_token": format!("ses{n}")}));
        let answer = provider
            .playback(&ready(Policy::Signed), &ask(&sizes))
            .await
            .unwrap();
        let path = format!("{}/vod/as1/token/tok{n}", fake.base);
        assert_eq!(answer.urls["hls"], format!("{path}/hls/manifest.m3u8?avh=ses{n}"));
        assert_eq!(
            answer.thumbnails["small"],
            format!("{path}/thumbnail.jpg?avh=ses{n}")
        );
        assert!(answer.tokens.is_empty());
        assert_eq!(answer.expires_at.unwrap().timestamp(), now().timestamp() + 86_400);
    }
    let asked = fake.asked();
    assert_eq!(asked.len(), 4);
    assert_eq!(asked[1].header("authorization"), "", "auth = \"none\"");
    assert!(provider.required_ids(Policy::Signed).asset_id && provider.can_play(Policy::Signed));
    let answer = provider
        .playback(&ready(Policy::Public), &ask(&sizes))
        .await
        .unwrap();
    assert_eq!(
        answer.urls["hls"],
        format!("{}/vod/as1/hls/manifest.m3u8", fake.base)
    );
    assert_eq!(fake.asked().len(), 4, "a public video costs no call");
}

#[tokio::test]
async fn a_429_says_when_to_come_back_in_a_header_of_its_own() {
    let fake = Fake::start().await;
    fake.says(429, &[("X-RateLimit-Retry-After", "33")], "{}");
    let provider = shipped("api_video", &api_video_vars(&fake.base));
    let error = provider
        .get_asset(&ready(Policy::Public), Priority::Request("alice"), now())
        .await
        .unwrap_err();
    let CallError::Outage { retry_after, .. } = error else {
        panic!("{error}")
    };
    assert_eq!(retry_after.unwrap().as_secs(), 33);
}
