//! The Bunny Stream map against answers and events as Bunny documents them.

use serde_json::json;
use yourbit_video::{
    domain::{Field, Policy, Status},
    provider::{CallError, DeleteOutcome, Lookup, Priority, TemplateInput},
};

use crate::{
    fake::Fake,
    support::{ask, bunny_vars, deliver, headers, hmac_hex, now, ready, shipped, sizes, upload, video},
};

#[tokio::test]
async fn an_upload_is_a_video_and_a_signature_of_ours() {
    let fake = Fake::start().await;
    fake.says_json(200, &json!({"guid": "g-1", "videoLibraryId": 133}));
    let provider = shipped("bunny_stream", &bunny_vars(&fake.base));
    let input = TemplateInput {
        thumbnail_time: Some(1.5),
        content_type: None,
        ..video(Policy::Signed)
    };
    let (captures, told) = upload(&provider, &input).await.unwrap();
    assert_eq!(captures["asset_id"], "g-1");
    let expires = input.expires.timestamp().to_string();
    let hash = aws_lc_rs::digest::digest(
        &aws_lc_rs::digest::SHA256,
        format!("133bunny-key{expires}g-1").as_bytes(),
    );
    let told = serde_json::to_value(told).unwrap();
    assert_eq!(
        (&told["protocol"], &told["method"]),
        (&json!("tus_create"), &json!("POST"))
    );
    assert_eq!(told["url"], format!("{}/tusupload", fake.base));
    let wanted = json!({
        "AuthorizationSignature": hex::encode(hash), "AuthorizationExpire": expires,
        "VideoId": "g-1", "LibraryId": "133",
    });
    assert_eq!(told["headers"], wanted);
    let id = "01990000-0000-7000-8000-000000000001";
    assert_eq!(
        told["tus_metadata"],
        json!({"filetype": "video/mp4", "title": id})
    );
    let asked = &fake.asked()[0];
    assert_eq!(
        (asked.line().as_str(), asked.header("accesskey")),
        ("POST /library/133/videos", "bunny-key")
    );
    assert_eq!(asked.json(), json!({"title": id, "thumbnailTime": 1500}));
}

#[test]
fn an_event_is_three_numbers() {
    let provider = shipped("bunny_stream", &bunny_vars("https://api.example"));
    let read = |library: u32, status: u32| {
        let body = format!(r#"{{"VideoLibraryId":{library},"VideoGuid":"as1","Status":{status}}}"#);
        let headers = headers([
            ("X-BunnyStream-Signature-Version", "v1"),
            ("X-BunnyStream-Signature-Algorithm", "hmac-sha256"),
            ("X-BunnyStream-Signature", &hmac_hex("read-only-key", &body)),
        ]);
        let verified = deliver(&provider, &headers, &body, now()).unwrap();
        (
            provider.read_event(&verified).unwrap(),
            provider.translate_event(body.as_bytes(), &ready(Policy::Signed), "e", now()),
        )
    };
    for (status, wanted) in [(3, Status::Ready), (5, Status::Errored), (1, Status::Preparing)] {
        let (delivery, seen) = read(133, status);
        assert_eq!(
            (delivery.event_type.as_str(), delivery.ignored),
            (status.to_string().as_str(), false)
        );
        let seen = seen.unwrap();
        assert!(seen.refresh && seen.observation.status == Some(wanted));
    }
    let (delivery, seen) = read(133, 9);
    let seen = seen.unwrap();
    assert!(
        !delivery.ignored && seen.refresh && seen.observation.status.is_none(),
        "captions"
    );
    assert!(read(134, 3).0.ignored, "another library");
}

#[tokio::test]
async fn the_api_has_statuses_of_its_own() {
    let fake = Fake::start().await;
    let provider = shipped("bunny_stream", &bunny_vars(&fake.base));
    let row = ready(Policy::Signed);
    for (status, wanted) in [
        (0, Status::Waiting),
        (3, Status::Preparing),
        (4, Status::Ready),
        (5, Status::Errored),
    ] {
        let messages =
            json!([{"level": 1, "message": "fine"}, {"level": 3, "issueCode": 7, "message": "broken"}]);
        let answer = json!({"guid": "as1", "status": status, "length": 0, "width": 1920, "transcodingMessages": messages});
        fake.says_json(200, &answer);
        let Lookup::Found(seen) = provider
            .get_asset(&row, Priority::Background, now())
            .await
            .unwrap()
        else {
            panic!()
        };
        assert_eq!(seen.status, Some(wanted));
        assert!(seen.fields.contains(&(Field::ErrorMessage, json!("broken"))));
        assert!(
            !seen.fields.iter().any(|(field, _)| *field == Field::Duration),
            "0 is not known yet"
        );
    }
    fake.says_json(200, &json!({"success": true}))
        .says_json(200, &json!({"success": false, "message": "no"}));
    assert_eq!(
        provider
            .delete_asset(&row, Priority::Request("alice"), now())
            .await
            .unwrap(),
        DeleteOutcome::Deleted
    );
    let error = provider
        .delete_asset(&row, Priority::Request("alice"), now())
        .await
        .unwrap_err();
    assert_eq!(
        error,
        CallError::Refused {
            status: 200,
            message: Some("no".to_owned())
        }
    );
}

#[tokio::test]
async fn the_address_carries_token_and_expiry() {
    let provider = shipped("bunny_stream", &bunny_vars("https://api.example"));
    let sizes = sizes();
    let answer = provider
        .playback(&ready(Policy::Signed), &ask(&sizes))
        .await
        .unwrap();
    let exp = answer.expires_at.unwrap().timestamp();
    let (start, rest) = answer.urls["hls"].split_once("&token_path=").unwrap();
    assert!(start.starts_with("https://vz-0000.b-cdn.net/bcdn_token=HS256-"));
    assert_eq!(rest, format!("%2Fas1%2F&expires={exp}/as1/playlist.m3u8"));
    assert!(answer.thumbnails["large"].ends_with("/as1/thumbnail.jpg") && answer.tokens.is_empty());
    assert_eq!(
        provider.public_hls_url(&ready(Policy::Public)).unwrap(),
        "https://vz-0000.b-cdn.net/as1/playlist.m3u8"
    );
}

#[tokio::test]
async fn a_429_is_an_outage() {
    let fake = Fake::start().await;
    fake.says(429, &[("Retry-After", "5")], "{}");
    let provider = shipped("bunny_stream", &bunny_vars(&fake.base));
    let error = provider
        .get_asset(&ready(Policy::Public), Priority::Request("alice"), now())
        .await
        .unwrap_err();
    let CallError::Outage { retry_after, .. } = error else {
        panic!("{error}")
    };
    assert_eq!(retry_after.unwrap().as_secs(), 5);
}
