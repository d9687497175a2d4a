//! Webhooks: verified over the raw bytes, stored before the 200, once.

use chrono::Duration;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::mux_events::{Ids, signature, v1};
use crate::support::{Db, TestApp, WEBHOOK_SECRET};

on_both! {
    async fn the_four_usual_events_lead_to_ready(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.upload().await;
        assert_eq!(video["status"], "waiting");
        let ids = Ids::of(&video);
        for event in ids.usual("signed", app.clock.now()) {
            assert_eq!(app.event(&event).await.expect(200)["result"], "accepted");
            app.settle().await;
        }
        let video = app.video(&video["id"]).await;
        assert_eq!(video["status"], "ready", "{video}");
        assert_eq!(video["asset_id"], ids.asset);
        assert_eq!(video["playback_id"], ids.playback);
        assert_eq!(video["duration_seconds"], 23.857_167);
        assert_eq!(video["aspect_ratio"], "16:9");
        assert_eq!((&video["width"], &video["height"]), (&json!(1920), &json!(1080)));
        assert!(video["playback_url"].as_str().unwrap().ends_with(&format!("/{}.m3u8", ids.playback)));
        assert_eq!(video["error"], Value::Null);
        // The picture is no track.
        assert_eq!((video["tracks"].as_array().unwrap().len(), &video["tracks"][0]["kind"]), (1, &json!("audio")));
        assert!(video["ready_at"].is_string());
        assert!(video["version"].as_i64().unwrap() > 2);
    }
}

on_both! {
    async fn a_replayed_webhook_changes_nothing(db: Db) {
        let app = TestApp::start(db).await;
        let ready = app.ready_video("signed").await;
        for event in Ids::of(&ready).usual("signed", app.clock.now()) {
            assert_eq!(app.event(&event).await.expect(200)["result"], "duplicate");
        }
        app.settle().await;
        assert_eq!(app.video(&ready["id"]).await, ready);
    }
}

on_both! {
    async fn an_event_that_overtakes_its_video_is_parked_and_released(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.upload().await;
        let mut ids = Ids::of(&video);
        let named = std::mem::take(&mut ids.video);
        // Without our id and before the asset is known: nobody can say whose it is.
        let mut ready = ids.asset_event("ready", "ready", "signed", app.clock.now());
        ready["data"].as_object_mut().unwrap().remove("upload_id");
        ready["data"].as_object_mut().unwrap().remove("passthrough");
        assert_eq!(app.event(&ready).await.expect(200)["result"], "accepted");
        app.settle().await;
        assert_eq!(app.video(&video["id"]).await["status"], "waiting");
        ids.video = named;
        app.event(&ids.upload_event("asset_created", "asset_created", app.clock.now())).await.expect(200);
        app.settle().await;
        assert_eq!(app.video(&video["id"]).await["status"], "ready");
    }
}

on_both! {
    async fn events_of_unknown_uploads_create_no_video(db: Db) {
        let app = TestApp::start(db).await;
        let ids = Ids {
            video: "0199aaaa-0000-7000-8000-000000000000".into(),
            upload: "elsewhere".into(),
            asset: "a".into(),
            playback: "p".into(),
        };
        for event in ids.usual("signed", app.clock.now()) {
            app.event(&event).await.expect(200);
        }
        app.settle().await;
        let admin = app.token("root", "video:admin");
        assert_eq!(app.get(&admin, "/v1/videos").await.expect(200)["data"], json!([]));
    }
}

on_both! {
    async fn an_asset_that_names_our_video_but_another_upload_is_a_conflict(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.upload().await;
        let mut ids = Ids::of(&video);
        ids.upload = "another".into();
        app.event(&ids.asset_event("ready", "ready", "signed", app.clock.now())).await.expect(200);
        app.settle().await;
        assert_eq!(app.video(&video["id"]).await["status"], "waiting");
    }
}

on_both! {
    async fn errors_and_cancels_show_and_odd_payloads_never_fail(db: Db) {
        let app = TestApp::start(db).await;
        let now = app.clock.now();

        let errored = app.upload().await;
        let mut event = Ids::of(&errored).asset_event("errored", "errored", "signed", now);
        event["data"]["errors"] = json!({"type": "invalid_input", "messages": ["File is not a video"]});
        app.event(&event).await.expect(200);
        let cancelled = app.upload().await;
        app.event(&Ids::of(&cancelled).upload_event("cancelled", "cancelled", now)).await.expect(200);
        let several = app.upload().await;
        let ids = Ids::of(&several);
        let mut event = ids.asset_event("ready", "ready", "signed", now);
        event["data"]["playback_ids"] = json!([{"policy": "public", "id": "x"}, {"policy": "signed", "id": "y"}]);
        event["data"]["created_at"] = json!("1592366916");
        app.event(&event).await.expect(200);
        let mut unknown = ids.asset_event("turned_blue", "ready", "signed", now);
        assert_eq!(app.event(&unknown).await.expect(200)["result"], "ignored");
        unknown = json!({"type": "video.asset.track.ready", "id": "no-data", "created_at": "2026-01-01T00:00:00.000000Z"});
        app.event(&unknown).await.expect(200);
        for odd in [json!({}), json!([]), json!(7), json!({"type": 5, "id": {"a": 1}, "data": []})] {
            app.event(&odd).await.expect(200);
        }
        app.settle().await;

        let errored = app.video(&errored["id"]).await;
        assert_eq!(errored["status"], "errored");
        assert_eq!(errored["error"], json!({"code": "unsupported_file", "provider_code": "invalid_input", "message": "File is not a video"}));
        assert_eq!(app.video(&cancelled["id"]).await["status"], "cancelled");
        let several = app.video(&several["id"]).await;
        assert_eq!((&several["status"], &several["playback_id"]), (&json!("ready"), &json!("y")));
    }
}

on_both! {
    async fn another_policy_than_asked_for_is_never_played(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.upload().await;
        for event in Ids::of(&video).usual("public", app.clock.now()) {
            app.event(&event).await.expect(200);
        }
        app.settle().await;
        let video = app.video(&video["id"]).await;
        assert_eq!(video["status"], "errored");
        assert_eq!(video["error"]["code"], "policy_mismatch");
        assert_eq!(video["playback_url"], Value::Null);
        let path = format!("/v1/videos/{}/playback", video["id"].as_str().unwrap());
        app.get(&app.alice(), &path).await.expect_problem(409, "video_not_ready");
    }
}

on_both! {
    async fn signatures_that_do_not_hold_are_refused(db: Db) {
        let app = TestApp::start(db).await;
        let body = br#"{"type":"video.asset.ready","id":"event-1","data":{"id":"a"}}"#.to_vec();
        let now = app.clock.now().timestamp();
        let good = signature(WEBHOOK_SECRET, now, &body);
        let hash = v1(WEBHOOK_SECRET, now, &body);
        let bad = [
            signature("another secret", now, &body),
            signature(WEBHOOK_SECRET, now - 301, &body),
            signature(WEBHOOK_SECRET, now + 301, &body),
            format!("t={now},v0={hash}"),
            format!("t={now},v2={hash}"),
            format!("t={now},t={now},v1={hash}"),
            format!("v1={hash}"),
            hash.clone(),
            String::new(),
        ];
        for header in &bad {
            let answer = app.webhook(&[("mux-signature", header)], body.clone()).await;
            answer.expect_problem(401, "invalid_signature");
        }
        let mut changed = body.clone();
        changed[10] ^= 1;
        let reserialised = serde_json::to_vec_pretty(&serde_json::from_slice::<Value>(&body).unwrap()).unwrap();
        for other in [changed, reserialised, Vec::new()] {
            app.webhook(&[("mux-signature", &good)], other).await.expect_problem(401, "invalid_signature");
        }
        app.webhook(&[], body.clone()).await.expect_problem(401, "invalid_signature");
        let twice = [("mux-signature", good.as_str()), ("mux-signature", good.as_str())];
        app.webhook(&twice, body.clone()).await.expect_problem(401, "invalid_signature");
        // Nothing of all that was stored: the event is still new.
        let accepted = app.webhook(&[("mux-signature", &good)], body.clone()).await;
        assert_eq!(accepted.expect(200)["result"], "accepted");
        let two = format!("t={now},v1=invalid,v1={hash},v2=x");
        assert_eq!(app.webhook(&[("mux-signature", &two)], body).await.expect(200)["result"], "duplicate");
    }
}

#[tokio::test]
async fn the_published_vectors_hold() {
    for (at, body, hash) in [
        (
            1_565_125_718,
            r#"{"test":"body"}"#,
            "854ece4c22acef7c66b57d4e504153bc512595e8e9c772ece2a68150548c19a7",
        ),
        (
            1_565_125_718,
            r#"{"test":{"nested":{"nanos":718234, "seconds":1691711005}}}"#,
            "bd315c24bce1c2b8ad325696f26530c8ef7d7d830afb7c1381903705d04607be",
        ),
        (
            1_591_664_030,
            "payload",
            "e43496b6aae982c4c2fd6f8e92935f1d90216f1f64d56024e72390acfb988272",
        ),
    ] {
        let app = TestApp::start(Db::Sqlite).await;
        let back = app.clock.now().timestamp() - at;
        app.clock.advance(Duration::seconds(-back));
        let header = format!("t={at},v1={hash}");
        app.webhook(&[("mux-signature", &header)], body).await.expect(200);
    }
}

on_both! {
    async fn a_verified_body_that_is_no_json_is_kept_as_failed(db: Db) {
        let app = TestApp::start(db).await;
        let body = b"payload".to_vec();
        let header = signature(WEBHOOK_SECRET, app.clock.now().timestamp(), &body);
        app.webhook(&[("mux-signature", &header)], body.clone()).await.expect(200);
        let again = app.webhook(&[("mux-signature", &header)], body).await.expect(200);
        assert_eq!(again["result"], "duplicate");
        app.settle().await;
    }
}

on_both! {
    async fn bodies_beyond_the_limit_and_unknown_providers_are_refused(db: Db) {
        let app = TestApp::start(db).await;
        let body = vec![b' '; (1 << 20) + 1];
        let header = signature(WEBHOOK_SECRET, app.clock.now().timestamp(), &body);
        app.webhook(&[("mux-signature", &header)], body).await.expect_problem(413, "payload_too_large");
        let path = "/v1/webhooks/nobody";
        app.send(http::Method::POST, path, None, None).await.expect_problem(404, "not_found");
    }
}

on_both! {
    async fn a_body_that_dawdles_is_given_up_before_the_provider_gives_up(db: Db) {
        let app = TestApp::start(db).await;
        let mut stream = TcpStream::connect(app.url.strip_prefix("http://").unwrap()).await.unwrap();
        let head = format!(
            "POST /v1/webhooks/mux HTTP/1.1\r\nHost: x\r\nMux-Signature: t={},v1={}\r\nContent-Length: 1000\r\n\r\n",
            app.clock.now().timestamp(),
            "0".repeat(64),
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let (mut said, mut writer) = stream.split();
        let begun = std::time::Instant::now();
        let dawdling = async {
            // It makes progress all the time.
            while writer.write_all(b" ").await.is_ok() {
                tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            }
        };
        let mut answer = vec![0; 4096];
        let length = tokio::select! {
            read = said.read(&mut answer) => read.unwrap(),
            () = dawdling => panic!("no answer"),
        };
        let answer = String::from_utf8_lossy(&answer[..length]);
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
        assert!(answer.contains("took too long"), "{answer}");
        assert!(begun.elapsed() < std::time::Duration::from_secs(5), "providers give up at five seconds");
    }
}
