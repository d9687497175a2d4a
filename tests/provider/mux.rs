//! The Mux map against answers and events as Mux documents them.

use chrono::TimeDelta;
use serde_json::{Value, json};
use yourbit_video::{
    domain::{Field, Policy, Status},
    provider::{CallError, CancelOutcome, DeleteOutcome, Lookup, Priority, Provider, Translation},
};

use crate::{
    fake::Fake,
    support::{
        ask, claims, deliver, headers, hmac_hex, mux_vars, now, part, ready, rsa_verifies, shipped, sizes,
        upload, video,
    },
};

fn offline() -> Provider {
    shipped("mux", &mux_vars("https://api.mux.com"))
}

/// An event as Mux sends it, signed at the tests' time.
fn event(provider: &Provider, kind: &str, data: &Value) -> (String, Translation) {
    let body = json!({
        "type": kind, "id": "evt-1", "created_at": "2027-01-15T08:00:00.123456Z",
        "environment": {"name": "Production", "id": "env1"}, "object": {"type": "asset", "id": "as1"}, "data": data,
    })
    .to_string();
    let t = now().timestamp();
    let signature = format!("t={t},v1={}", hmac_hex("webhook-secret", &format!("{t}.{body}")));
    let verified = deliver(provider, &headers([("mux-signature", &signature)]), &body, now()).unwrap();
    let delivery = provider.read_event(&verified).unwrap();
    assert!(
        !delivery.ignored
            && !delivery.id_is_hash
            && delivery.event_id == "evt-1"
            && delivery.event_type == kind
    );
    let translated = provider
        .translate_event(body.as_bytes(), &ready(Policy::Signed), "evt-1", now())
        .unwrap();
    (
        format!("{:?}/{:?}", delivery.upload_id, delivery.asset_id),
        translated,
    )
}

fn ready_asset() -> Value {
    json!({
        "id": "as1", "upload_id": "up1", "status": "ready", "duration": 23.857_167, "aspect_ratio": "16:9",
        "passthrough": "01990000-0000-7000-8000-000000000001",
        "playback_ids": [{"policy": "public", "id": "pub1"}, {"policy": "signed", "id": "pb1"}],
        "tracks": [{"type": "audio", "id": "t2"}, {"type": "video", "max_width": 1920, "max_height": 1080}],
    })
}

#[tokio::test]
async fn an_upload_is_one_call_and_a_url_for_pieces() {
    let fake = Fake::start().await;
    fake.says_json(
        201,
        &json!({"data": {"id": "up1", "url": "https://upload.example/up1?token=x", "status": "waiting"}}),
    );
    let provider = shipped("mux", &mux_vars(&fake.base));
    let (captures, told) = upload(&provider, &video(Policy::Signed)).await.unwrap();
    assert_eq!(captures["upload_id"], "up1");
    assert_eq!(
        serde_json::to_value(&told).unwrap(),
        json!({
            "protocol": "put_content_range", "method": "PUT", "url": "https://upload.example/up1?token=x",
            "headers": {}, "form_fields": {}, "file_field": null, "tus_metadata": {},
            "chunk": {"min": 262_144, "multiple": 262_144, "default": 31_457_280, "max": 524_288_000},
            "max_bytes": null, "expires_at": "2027-01-15T09:00:00Z",
        })
    );
    let asked = &fake.asked()[0];
    assert_eq!(asked.line(), "POST /video/v1/uploads");
    assert_eq!(
        asked.header("authorization"),
        "Basic dG9rZW4taWQ6dG9rZW4tc2VjcmV0"
    );
    assert_eq!(
        asked.json(),
        json!({
            "cors_origin": "https://app.example", "timeout": 3600,
            "new_asset_settings": {
                "playback_policies": ["signed"], "video_quality": "basic",
                "passthrough": "01990000-0000-7000-8000-000000000001",
            },
        })
    );
}

#[tokio::test]
async fn an_upload_is_asked_about_and_called_off() {
    let fake = Fake::start().await;
    let provider = shipped("mux", &mux_vars(&fake.base));
    let row = ready(Policy::Signed);
    fake.says_json(200, &json!({"data": {"id": "up1", "status": "timed_out"}}));
    let Lookup::Found(seen) = provider
        .get_upload(&row, Priority::Background, now())
        .await
        .unwrap()
    else {
        panic!()
    };
    assert_eq!(seen.status, Some(Status::Expired));
    fake.says(200, &[], "{}")
        .says(403, &[], "{}")
        .says(404, &[], "{}");
    for wanted in [
        CancelOutcome::Cancelled,
        CancelOutcome::TooLate,
        CancelOutcome::Gone,
    ] {
        assert_eq!(
            provider
                .cancel_upload(&row, Priority::Request("alice"), now())
                .await
                .unwrap(),
            wanted
        );
    }
    assert_eq!(fake.asked()[1].line(), "PUT /video/v1/uploads/up1/cancel");
}

#[tokio::test]
async fn an_asset_is_asked_for_and_deleted() {
    let fake = Fake::start().await;
    let provider = shipped("mux", &mux_vars(&fake.base));
    let row = ready(Policy::Signed);
    let date = [("date", "Fri, 15 Jan 2027 08:00:10 GMT")];
    fake.says(200, &date, json!({ "data": ready_asset() }).to_string());
    let Lookup::Found(seen) = provider
        .get_asset(&row, Priority::Request("alice"), now())
        .await
        .unwrap()
    else {
        panic!()
    };
    assert_eq!(seen.status, Some(Status::Ready));
    assert!((0..5).contains(&(seen.asked_at.unwrap() - now()).num_seconds()));
    // Our clock is behind the provider's: it was asked as long before its answer as that took.
    let before = now() + TimeDelta::seconds(10) - seen.at.unwrap();
    assert!((0..5000).contains(&before.num_milliseconds()), "{before}");
    assert!(seen.fields.contains(&(Field::PlaybackId, json!("pb1"))));
    fake.says(204, &[], "").says(404, &[], "{}");
    for wanted in [DeleteOutcome::Deleted, DeleteOutcome::Gone] {
        assert_eq!(
            provider
                .delete_asset(&row, Priority::Background, now())
                .await
                .unwrap(),
            wanted
        );
    }
    assert_eq!(fake.asked()[1].line(), "DELETE /video/v1/assets/as1");
}

#[tokio::test]
async fn a_429_is_an_outage_that_says_when_to_come_back() {
    let fake = Fake::start().await;
    let provider = shipped("mux", &mux_vars(&fake.base));
    fake.says(429, &[("retry-after", "70")], "{}");
    let error = provider
        .get_asset(&ready(Policy::Signed), Priority::Request("alice"), now())
        .await
        .unwrap_err();
    let CallError::Outage { retry_after, .. } = error else {
        panic!("{error}")
    };
    assert_eq!(retry_after.unwrap().as_secs(), 70);
    let error = provider
        .get_asset(&ready(Policy::Signed), Priority::Request("alice"), now())
        .await
        .unwrap_err();
    assert!(
        matches!(error, CallError::Busy { .. }) && fake.asked().len() == 1,
        "its bucket is paused"
    );
}

#[test]
fn ready_says_everything_about_the_asset() {
    let (ids, seen) = event(&offline(), "video.asset.ready", &ready_asset());
    assert_eq!(ids, r#"Some("up1")/Some("as1")"#);
    assert!(!seen.refresh);
    let seen = seen.observation;
    assert_eq!(seen.status, Some(Status::Ready));
    assert_eq!(seen.at.unwrap().timestamp_micros(), 1_800_000_000_123_456);
    for wanted in [
        (Field::PlaybackId, json!("pb1")),
        (Field::PlaybackPolicy, json!("signed")),
        (Field::Duration, json!(23.857_167)),
        (Field::AspectRatio, json!("16:9")),
        (Field::Width, json!(1920)),
        (Field::Height, json!(1080)),
    ] {
        assert!(seen.fields.contains(&wanted), "{wanted:?} in {:?}", seen.fields);
    }
}

#[test]
fn every_event_means_what_it_says() {
    let provider = offline();
    let upload = json!({"id": "up1", "asset_id": "as1", "status": "x", "error": {"type": "bad", "message": "no video"}});
    for (kind, data, status, gone, refresh) in [
        (
            "video.upload.created",
            &upload,
            Some(Status::Waiting),
            false,
            false,
        ),
        (
            "video.upload.asset_created",
            &upload,
            Some(Status::Preparing),
            false,
            false,
        ),
        (
            "video.upload.cancelled",
            &upload,
            Some(Status::Cancelled),
            false,
            false,
        ),
        (
            "video.upload.errored",
            &upload,
            Some(Status::Errored),
            false,
            false,
        ),
        (
            "video.asset.created",
            &ready_asset(),
            Some(Status::Preparing),
            false,
            false,
        ),
        ("video.asset.updated", &ready_asset(), None, false, false),
        ("video.asset.deleted", &ready_asset(), None, true, false),
        (
            "video.asset.track.ready",
            &json!({"id": "tr1", "asset_id": "as1", "duration": 1}),
            None,
            false,
            true,
        ),
        (
            "video.asset.static_renditions.ready",
            &ready_asset(),
            None,
            false,
            true,
        ),
    ] {
        let (_, seen) = event(&provider, kind, data);
        assert_eq!(
            (seen.observation.status, seen.observation.gone, seen.refresh),
            (status, gone, refresh),
            "{kind}"
        );
        assert_eq!(seen.observation.asset_id.as_deref(), Some("as1"), "{kind}");
    }
    let (_, seen) = event(&provider, "video.upload.errored", &upload);
    assert!(
        seen.observation
            .fields
            .contains(&(Field::ErrorMessage, json!("no video")))
    );
    let errored = json!({"id": "as1", "errors": {"type": "invalid_input", "messages": ["not a video"]}});
    let (_, seen) = event(&provider, "video.asset.errored", &errored);
    assert_eq!(seen.observation.status, Some(Status::Errored));
    assert!(
        seen.observation
            .fields
            .contains(&(Field::ErrorCode, json!("invalid_input")))
    );
    assert!(
        seen.observation
            .fields
            .contains(&(Field::ErrorMessage, json!("not a video")))
    );
}

#[test]
fn another_environment_and_unknown_types_are_ignored() {
    let provider = offline();
    for body in [
        json!({"type": "video.asset.ready", "id": "e", "environment": {"id": "other"}, "data": ready_asset()}),
        json!({"type": "video.live_stream.active", "id": "e", "environment": {"id": "env1"}, "data": {"id": "x"}}),
    ] {
        let (body, t) = (body.to_string(), now().timestamp());
        let signature = format!("t={t},v1={}", hmac_hex("webhook-secret", &format!("{t}.{body}")));
        let verified = deliver(&provider, &headers([("Mux-Signature", &signature)]), &body, now()).unwrap();
        assert!(provider.read_event(&verified).unwrap().ignored, "{body}");
    }
}

#[tokio::test]
async fn a_signed_video_plays_with_one_token_for_each_kind_of_address() {
    let provider = offline();
    let sizes = sizes();
    let answer = provider
        .playback(&ready(Policy::Signed), &ask(&sizes))
        .await
        .unwrap();
    let exp = answer.expires_at.unwrap().timestamp();
    for (name, aud) in [("playback", "v"), ("storyboard", "s"), ("animated", "g")] {
        let token = &answer.tokens[name];
        assert_eq!(
            claims(token),
            json!({"sub": "pb1", "kid": "kid-1", "aud": aud, "exp": exp})
        );
        assert_eq!(
            part(token, 0),
            json!({"alg": "RS256", "typ": "JWT", "kid": "kid-1"})
        );
        assert!(rsa_verifies(token));
    }
    let token = |name: &str| &answer.tokens[name];
    assert_eq!(
        answer.urls["hls"],
        format!("https://stream.mux.com/pb1.m3u8?token={}", token("playback"))
    );
    let storyboard = format!(
        "https://image.mux.com/pb1/storyboard.vtt?token={}",
        token("storyboard")
    );
    assert_eq!(answer.urls["storyboard"], storyboard);
    let thumbnail = token("thumbnail");
    assert_eq!(
        answer.thumbnails["large"],
        format!("https://image.mux.com/pb1/thumbnail.jpg?token={thumbnail}")
    );
    let wanted = json!({"sub": "pb1", "kid": "kid-1", "aud": "t", "exp": exp, "time": 12, "width": 640});
    assert_eq!(claims(thumbnail), wanted);
    let small = answer.thumbnails["small"].split_once("?token=").unwrap().1;
    assert_eq!(claims(small)["width"], 107);
    let only = provider
        .thumbnails(&ready(Policy::Signed), &ask(&sizes))
        .await
        .unwrap();
    assert_eq!(
        (&only.thumbnails, only.tokens.len(), only.urls.len()),
        (&answer.thumbnails, 1, 0)
    );
}

#[tokio::test]
async fn a_public_video_has_no_token_anywhere() {
    let provider = offline();
    let sizes = sizes();
    let answer = provider
        .playback(&ready(Policy::Public), &ask(&sizes))
        .await
        .unwrap();
    assert_eq!(answer.urls["hls"], "https://stream.mux.com/pb1.m3u8");
    assert_eq!(
        answer.thumbnails["small"],
        "https://image.mux.com/pb1/thumbnail.jpg?time=12&width=107"
    );
    assert!(answer.tokens.is_empty() && answer.expires_at.is_none());
    assert_eq!(
        provider.public_hls_url(&ready(Policy::Signed)).unwrap(),
        "https://stream.mux.com/pb1.m3u8"
    );
}

#[test]
fn signing_is_off_without_its_key_and_half_a_key_is_a_mistake() {
    let mut vars = mux_vars("https://api.mux.com");
    vars.remove("VIDEO_PRIVATE_KEY");
    let error = crate::support::load(yourbit_video::provider::embedded_map("mux").unwrap(), &vars)
        .err()
        .unwrap();
    assert!(error.to_string().contains("VIDEO_PRIVATE_KEY"), "{error}");
    vars.insert("VIDEO_SIGNING_KEY".to_owned(), String::new());
    let provider = shipped("mux", &vars);
    assert!(
        !provider.has_signing() && !provider.can_play(Policy::Signed) && provider.can_play(Policy::Public)
    );
}
