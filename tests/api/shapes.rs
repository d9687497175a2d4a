//! What providers really send and take, seen through the service's own API.

use std::sync::Arc;

use chrono::Duration;
use http::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::database::TestDatabase;
use crate::support::fake_mux::{FakeMux, Planned};
use crate::support::mux_events::Ids;
use crate::support::{Db, TestApp, answer};

const LIBRARY_KEY: &str = "read-only-key";

/// A service whose uploads go to Bunny's map, played by the fake.
async fn bunny(db: Db, max_attempts: &str) -> TestApp {
    let mux = FakeMux::start().await;
    let database = Arc::new(TestDatabase::make(db).await);
    let url = mux.url.clone();
    let more = [
        ("VIDEO_PROVIDERS__DEFAULT", "bunny_stream"),
        ("VIDEO_PROVIDERS__ENABLED", "bunny_stream"),
        ("VIDEO_BUNNY_API", url.as_str()),
        ("VIDEO_BUNNY_LIBRARY", "133"),
        ("VIDEO_BUNNY_KEY", "bunny-key"),
        ("VIDEO_BUNNY_READ_ONLY_KEY", LIBRARY_KEY),
        ("VIDEO_BUNNY_DELIVERY", "https://vz-0000.b-cdn.net"),
        ("VIDEO_BUNNY_CDN_KEY", "cdn-key"),
        ("VIDEO_INBOX__MAX_ATTEMPTS", max_attempts),
    ];
    TestApp::on(database, mux, &more).await
}

impl TestApp {
    /// Bunny's event about a video, signed as Bunny signs.
    async fn bunny_event(&self, guid: &str, status: u8) {
        let body = json!({"VideoLibraryId": 133, "VideoGuid": guid, "Status": status}).to_string();
        let request = self
            .client
            .post(format!("{}/v1/webhooks/bunny_stream", self.url))
            .header("x-bunnystream-signature-version", "v1")
            .header("x-bunnystream-signature-algorithm", "hmac-sha256")
            .header("x-bunnystream-signature", hmac_of(LIBRARY_KEY, body.as_bytes()))
            .body(body);
        answer(request).await.expect(200);
        self.settle().await;
    }
}

fn hmac_of(key: &str, body: &[u8]) -> String {
    use hmac::{Hmac, KeyInit, Mac};
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}

fn finished(guid: &str) -> Value {
    json!({"videoLibraryId": 133, "guid": guid, "status": 4, "length": 61, "width": 1920, "height": 1080})
}

on_both! {
    async fn an_event_makes_no_video_ready_that_the_provider_does_not_have(db: Db) {
        let app = bunny(db, "20").await;
        app.mux.plan(Planned::json(200, &json!({"guid": "g-1", "videoLibraryId": 133})));
        let video = app.upload().await;
        app.mux.plan(Planned::json(404, &json!({"success": false, "message": "not found", "statusCode": 404})));
        app.bunny_event("g-1", 3).await;
        let lost = app.video(&video["id"]).await;
        assert_eq!((&lost["status"], &lost["ready_at"]), (&json!("waiting"), &Value::Null));

        // More than a day of "not found": the provider has lost it, and it was never ready.
        for _ in 0..200 {
            app.clock.advance(Duration::minutes(30));
            app.mux.plan(Planned::json(404, &json!({"success": false})));
            app.reconcile().await;
            assert_ne!(app.video(&video["id"]).await["status"], "ready");
        }
        let end = app.video(&video["id"]).await;
        assert!(["errored", "expired"].contains(&end["status"].as_str().unwrap()), "{end}");
    }
}

on_both! {
    async fn an_event_is_believed_with_the_answer_that_it_asks_for(db: Db) {
        let app = bunny(db, "20").await;
        app.mux.plan(Planned::json(200, &json!({"guid": "g-1", "videoLibraryId": 133})));
        let video = app.upload().await;
        app.mux.plan(Planned::text(500, ""));
        app.bunny_event("g-1", 3).await;
        assert_eq!(app.video(&video["id"]).await["status"], "waiting", "the provider has not answered");
        app.mux.plan(Planned::json(200, &finished("g-1")));
        app.clock.advance(Duration::minutes(1));
        app.settle().await;
        let ready = app.video(&video["id"]).await;
        assert_eq!((&ready["status"], &ready["duration_seconds"]), (&json!("ready"), &json!(61.0)));
        assert_eq!(ready["aspect_ratio"], "16:9", "computed from both sides");
    }
}

on_both! {
    async fn an_event_stands_as_it_is_where_the_provider_never_answers(db: Db) {
        let app = bunny(db, "1").await;
        app.mux.plan(Planned::json(200, &json!({"guid": "g-1", "videoLibraryId": 133})));
        let video = app.upload().await;
        app.mux.plan(Planned::text(500, ""));
        app.bunny_event("g-1", 3).await;
        assert_eq!(app.video(&video["id"]).await["status"], "ready");
        let events = app.get(&app.token("root", "video:admin"), "/v1/admin/webhook-events?state=given_up").await;
        assert_eq!(events.expect(200)["data"].as_array().unwrap().len(), 1, "and says so");
    }
}

on_both! {
    async fn an_aspect_ratio_is_told_with_a_colon_or_computed(db: Db) {
        let app = TestApp::start(db).await;
        for (told, sides, wanted) in [
            (json!("16/9"), (1920, 1080), json!("16:9")),
            (json!("4:3"), (1920, 1080), json!("4:3")),
            (Value::Null, (1080, 1920), json!("9:16")),
            (json!("wide"), (854, 480), json!("427:240")),
            (Value::Null, (0, 0), Value::Null),
        ] {
            let ids = Ids::of(&app.upload().await);
            let mut event = ids.asset_event("ready", "ready", "signed", app.clock.now());
            event["data"]["aspect_ratio"] = told;
            event["data"]["tracks"] = json!([{"type": "video", "max_width": sides.0, "max_height": sides.1}]);
            app.event(&event).await.expect(200);
            app.settle().await;
            assert_eq!(app.video(&json!(ids.video)).await["aspect_ratio"], wanted, "{event}");
        }
    }
}

/// A provider whose calls have no body, and that knows no quality.
const BARE: &str = r#"
[secrets]
key = "${VIDEO_CDN_TOKEN}"
[api]
auth = { kind = "bearer", token = "{secrets.key}" }
[[upload.steps]]
method = "POST"
url = "BASE/uploads"
take = { upload_id = "/id", upload_url = "/url" }
[upload.client]
protocol = "put"
url = "{upload_url}"
[playback.urls]
hls = { public = "https://cdn.example/{upload_id}.m3u8" }
"#;

on_both! {
    async fn what_no_call_can_carry_is_refused_by_name(db: Db) {
        let mux = FakeMux::start().await;
        let database = Arc::new(TestDatabase::make(db).await);
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("bare.toml"), BARE.replace("BASE", &mux.url)).unwrap();
        let more = [
            ("VIDEO_PROVIDERS__DIR", folder.path().to_str().unwrap()),
            ("VIDEO_PROVIDERS__DEFAULT", "bare"),
            ("VIDEO_PROVIDERS__ENABLED", "bare"),
            ("VIDEO_UPLOADS__PLAYBACK_POLICY", "public"),
            ("VIDEO_UPLOADS__ALLOWED_SETTINGS", "/priority"),
        ];
        let app = TestApp::on(database, mux, &more).await;
        for (asked, pointer) in [
            (json!({"provider_settings": {"priority": 1}}), "/provider_settings"),
            (json!({"quality": "basic"}), "/quality"),
        ] {
            let problem = app.post(&app.alice(), "/v1/uploads", &asked).await.expect_problem(422, "invalid_body");
            assert_eq!(problem["errors"][0]["pointer"], pointer);
        }
        assert!(app.mux.requests().is_empty(), "nobody was asked");
        // Nothing of it asked for: the service's own default quality is no wish of the caller's.
        for asked in [json!({}), json!({"provider_settings": {}})] {
            app.mux.plan(Planned::json(200, &json!({"id": asked.to_string(), "url": "https://up.example/1"})));
            app.post(&app.alice(), "/v1/uploads", &asked).await.expect(201);
        }
        let lengths: Vec<String> = app
            .mux
            .requests()
            .iter()
            .filter(|request| request.method == Method::POST)
            .map(|request| request.headers["content-length"].to_str().unwrap().to_owned())
            .collect();
        assert_eq!(lengths, ["0", "0"]);
    }
}
