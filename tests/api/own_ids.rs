//! A provider that takes a file without a call before it: the ids are ours, and it knows nothing of a video until the file
//! has come.

use std::sync::{Arc, Mutex};

use aws_lc_rs::digest;
use axum::Router;
use axum::response::IntoResponse;
use chrono::Duration;
use http::StatusCode;
use serde_json::{Value, json};

use crate::support::{Answer, Db, TestApp, answer};

/// What Cloudinary knows of the one asset; it answers 404 while that is nothing.
#[derive(Clone, Default)]
struct FakeCloudinary {
    asset: Arc<Mutex<Option<Value>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl FakeCloudinary {
    async fn start() -> (Self, String) {
        let fake = Self::default();
        let state = fake.clone();
        let app = Router::new().fallback(move |method: http::Method, uri: http::Uri| {
            let answer = state.answer(&method, uri.path());
            async move { answer }
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        (fake, url)
    }

    fn answer(&self, method: &http::Method, path: &str) -> axum::response::Response {
        self.asked.lock().unwrap().push(format!("{method} {path}"));
        if path.ends_with("/destroy") {
            let known = self.asset.lock().unwrap().take().is_some();
            let result = if known { "ok" } else { "not found" };
            return axum::Json(json!({"result": result})).into_response();
        }
        if let Some(asset) = self.asset.lock().unwrap().clone() {
            axum::Json(asset).into_response()
        } else {
            let error = json!({"error": {"message": "Resource not found"}});
            (StatusCode::NOT_FOUND, axum::Json(error)).into_response()
        }
    }

    fn knows(&self, asset: Value) {
        *self.asset.lock().unwrap() = Some(asset);
    }

    /// The calls of a kind so far.
    fn count(&self, begin: &str) -> usize {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|line| line.starts_with(begin)).count()
    }
}

/// A service with the example map, without its rate: frozen time gives no turns back.
async fn start(db: Db) -> (TestApp, FakeCloudinary, tempfile::TempDir) {
    let (fake, url) = FakeCloudinary::start().await;
    let folder = tempfile::TempDir::new().unwrap();
    let map = include_str!("../../config/providers/examples/cloudinary.toml");
    let rate = map.lines().find(|line| line.starts_with("rate = ")).unwrap();
    std::fs::write(folder.path().join("cloudinary.toml"), map.replacen(rate, "", 1)).unwrap();
    let app = TestApp::with(
        db,
        &[
            ("VIDEO_PROVIDERS__DIR", folder.path().to_str().unwrap()),
            ("VIDEO_PROVIDERS__ENABLED", "mux,cloudinary"),
            ("VIDEO_CLOUDINARY_API", &url),
            ("VIDEO_CLOUDINARY_CLOUD", "demo"),
            ("VIDEO_CLOUDINARY_KEY", "1234"),
            ("VIDEO_CLOUDINARY_SECRET", "abcd"),
            ("VIDEO_CLOUDINARY_WEBHOOK_SECRET", "abcd"),
            ("VIDEO_CLOUDINARY_TOKEN_KEY", "00112233FF99"),
            ("VIDEO_CLOUDINARY_DELIVERY", "https://demo-res.cloudinary.com"),
        ],
    )
    .await;
    (app, fake, folder)
}

async fn begin(app: &TestApp, more: &Value) -> Value {
    let mut body = json!({"provider": "cloudinary"});
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    app.post(&app.alice(), "/v1/uploads", &body).await.expect(201)
}

/// Posts an event, signed as Cloudinary signs, now.
async fn event(app: &TestApp, event: &Value) -> Answer {
    let body = event.to_string();
    let timestamp = app.clock.now().timestamp().to_string();
    let signature = digest::digest(
        &digest::SHA1_FOR_LEGACY_USE_ONLY,
        format!("{body}{timestamp}abcd").as_bytes(),
    );
    let request = app.client.post(format!("{}/v1/webhooks/cloudinary", app.url));
    let request = request
        .header("x-cld-timestamp", timestamp)
        .header("x-cld-signature", hex::encode(signature));
    answer(request.body(body)).await
}

on_both! {
    async fn an_upload_without_a_call_gets_ready(db: Db) {
        let (app, fake, _folder) = start(db).await;
        let begun = begin(&app, &json!({"playback_policy": "signed"})).await;
        let (video, id) = (&begun["video"], &begun["video"]["id"]);
        assert_eq!((&video["status"], &video["asset_id"], &video["playback_id"]), (&json!("waiting"), id, id));
        assert_eq!(&begun["upload"]["form_fields"]["public_id"], id);
        assert_eq!(fake.count(""), 0);
        let uploaded = json!({
            "notification_type": "upload", "resource_type": "video", "public_id": id, "request_id": "r1",
            "width": 1920, "height": 1080, "duration": 28.04, "access_control": [{"access_type": "token"}],
        });
        event(&app, &uploaded).await.expect(200);
        app.settle().await;
        assert_eq!(app.video(id).await["status"], "preparing");
        fake.knows(json!({"public_id": id, "duration": 28.04, "derived": [{"format": "m3u8"}]}));
        event(&app, &json!({"notification_type": "eager", "public_id": id, "request_id": "r2", "eager": [{}]}))
            .await
            .expect(200);
        app.settle().await;
        let ready = app.video(id).await;
        assert_eq!((&ready["status"], &ready["duration_seconds"]), (&json!("ready"), &json!(28.04)));
        let path = format!("/v1/videos/{}/playback", id.as_str().unwrap());
        let playback = app.get(&app.alice(), &path).await.expect(200);
        let hls = playback["urls"]["hls"].as_str().unwrap();
        assert!(hls.contains("?__cld_token__=exp=") && hls.contains("~hmac="), "{hls}");
        let forged = app.client.post(format!("{}/v1/webhooks/cloudinary", app.url));
        let forged = forged.header("x-cld-timestamp", app.clock.now().timestamp()).header("x-cld-signature", "ab");
        answer(forged.body(uploaded.to_string())).await.expect_problem(401, "invalid_signature");
    }
}

on_both! {
    async fn an_asset_that_is_not_there_before_its_file_is_no_loss(db: Db) {
        let (app, fake, _folder) = start(db).await;
        // Several, so that a provider which answers 404 alone would be taken for one that lost everything.
        let mut ids = Vec::new();
        for _ in 0..6 {
            ids.push(begin(&app, &json!({})).await["video"]["id"].clone());
        }
        for _ in 0..12 {
            app.clock.advance(Duration::minutes(4));
            app.reconcile().await;
        }
        assert!(fake.count("GET") >= 6, "they were asked about");
        for id in &ids {
            assert_eq!(app.video(id).await["status"], "waiting");
        }
        // The file comes, without a single webhook.
        fake.knows(json!({"public_id": ids[0], "duration": 3.5, "derived": [{"format": "m3u8"}]}));
        app.clock.advance(Duration::minutes(10));
        let only = ids[0].as_str().unwrap().parse().unwrap();
        yourbit_video::jobs::reconcile::run_pass(&app.state, Some(only)).await.unwrap();
        assert_eq!(app.video(&ids[0]).await["status"], "ready");
    }
}

on_both! {
    async fn an_upload_that_never_came_expires_and_stays_so(db: Db) {
        let (app, fake, _folder) = start(db).await;
        let id = begin(&app, &json!({})).await["video"]["id"].clone();
        for _ in 0..30 {
            app.clock.advance(Duration::minutes(20));
            app.reconcile().await;
        }
        assert_eq!(app.video(&id).await["status"], "expired");
        assert!(fake.count("POST") >= 1, "what may have come meanwhile is deleted");
        for _ in 0..60 {
            app.clock.advance(Duration::hours(2));
            app.reconcile().await;
        }
        assert_eq!(app.video(&id).await["status"], "expired");
        let other = begin(&app, &json!({})).await;
        assert_eq!(other["video"]["status"], "waiting", "the provider is not halted");
    }
}

on_both! {
    async fn an_upload_is_cancelled_by_deleting_what_may_be_there(db: Db) {
        let (app, fake, _folder) = start(db).await;
        let id = begin(&app, &json!({})).await["video"]["id"].clone();
        let path = format!("/v1/videos/{}/cancel", id.as_str().unwrap());
        app.post(&app.alice(), &path, &json!({})).await.expect(200);
        assert_eq!(app.video(&id).await["status"], "cancelled");
        assert_eq!(fake.count("POST"), 1);
    }
}

on_both! {
    async fn settings_that_no_call_can_carry_are_refused_by_name(db: Db) {
        let (app, _fake, _folder) = start(db).await;
        let body = json!({"provider": "cloudinary", "provider_settings": {"tags": "a"}});
        let problem = app.post(&app.alice(), "/v1/uploads", &body).await.expect(422);
        assert!(problem.to_string().contains("provider_settings"), "{problem}");
        let body = json!({"provider": "cloudinary", "quality": "plus"});
        let problem = app.post(&app.alice(), "/v1/uploads", &body).await.expect(422);
        assert!(problem.to_string().contains("quality"), "{problem}");
    }
}

on_both! {
    async fn a_request_that_is_repeated_gets_the_same_video(db: Db) {
        let (app, _fake, _folder) = start(db).await;
        let send = async || {
            let request = app.client.post(format!("{}/v1/uploads", app.url));
            let request = request.bearer_auth(app.alice()).header("idempotency-key", "one");
            answer(request.json(&json!({"provider": "cloudinary"}))).await.expect(201)
        };
        assert_eq!(send().await["video"]["id"], send().await["video"]["id"]);
    }
}
