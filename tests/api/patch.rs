//! `PATCH /v1/videos/{id}`: what is the caller's alone.

use http::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Db, TestApp, answer};

async fn patch(app: &TestApp, video: &Value, body: &Value) -> Answer {
    let path = format!("/v1/videos/{}", video["id"].as_str().unwrap());
    app.send(Method::PATCH, &path, Some(&app.alice()), Some(body))
        .await
}

on_both! {
    async fn members_are_merged_and_null_clears(db: Db) {
        let app = TestApp::start(db).await;
        let body = json!({"title": "a", "external_id": "e", "metadata": {"x": 1, "deep": {"y": 2, "z": 3}}});
        let video = app.post(&app.alice(), "/v1/uploads", &body).await.expect(201)["video"].clone();
        let change = json!({"title": "b", "external_id": null, "metadata": {"x": null, "deep": {"y": 5}}});
        let changed = patch(&app, &video, &change).await.expect(200);
        assert_eq!((&changed["title"], &changed["external_id"]), (&json!("b"), &Value::Null));
        assert_eq!(changed["metadata"], json!({"deep": {"y": 5, "z": 3}}));
        assert_eq!(changed["version"], video["version"].as_i64().unwrap() + 1);
        let same = patch(&app, &video, &json!({})).await.expect(200);
        assert_eq!(same, changed);
        for (bad, pointer) in [
            (json!({"status": "ready"}), "/status"),
            (json!({"title": "x".repeat(513)}), "/title"),
            (json!({"thumbnail_time": -1}), "/thumbnail_time"),
            (json!({"metadata": {"big": "x".repeat(4097)}}), "/metadata"),
        ] {
            let problem = patch(&app, &video, &bad).await.expect_problem(422, "invalid_body");
            assert_eq!(problem["errors"][0]["pointer"], pointer);
        }
    }
}

on_both! {
    async fn a_change_of_an_older_version_is_refused(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.upload().await;
        let url = format!("{}/v1/videos/{}", app.url, video["id"].as_str().unwrap());
        let etag = answer(app.client.get(&url).bearer_auth(app.alice())).await.headers["etag"].clone();
        let change = |title: &str| {
            let request = app.client.patch(&url).bearer_auth(app.alice()).header("if-match", &etag);
            answer(request.json(&json!({"title": title})))
        };
        let first = change("first").await;
        first.expect(200);
        assert_ne!(first.headers["etag"], etag);
        change("second").await.expect_problem(412, "precondition_failed");
        assert_eq!(app.video(&video["id"]).await["title"], "first");
    }
}

on_both! {
    async fn racing_changes_are_all_kept(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.upload().await;
        let changes: Vec<Value> = (0..20).map(|n| json!({"metadata": {format!("key{n}"): n}})).collect();
        for answer in futures::future::join_all(changes.iter().map(|change| patch(&app, &video, change))).await {
            answer.expect(200);
        }
        let after = app.video(&video["id"]).await;
        assert_eq!(after["metadata"].as_object().unwrap().len(), 20);
        assert_eq!(after["version"], video["version"].as_i64().unwrap() + 20);
    }
}

on_both! {
    async fn the_kept_thumbnail_time_is_used(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.ready_video("public").await;
        patch(&app, &video, &json!({"thumbnail_time": 7.9})).await.expect(200);
        let path = format!("/v1/videos/{}/thumbnails", video["id"].as_str().unwrap());
        let thumbnails = app.get(&app.alice(), &path).await.expect(200);
        assert!(thumbnails["thumbnails"]["small"].as_str().unwrap().contains("time=7&"), "{thumbnails}");
    }
}

on_both! {
    async fn the_provider_is_told_of_a_new_poster_frame_until_it_listens(db: Db) {
        let folder = tempfile::TempDir::new().unwrap();
        let update = "\n[[asset.update]]\non = [\"thumbnail_time\"]\nmethod = \"PATCH\"\n\
            url = \"{vars.api}/video/v1/assets/{asset_id}\"\nbody = { thumbnail_time = \"{thumbnail_time}\" }\n";
        let map = format!("{}{update}", include_str!("../../config/providers/mux.toml"));
        std::fs::write(folder.path().join("mux.toml"), map).unwrap();
        let app = TestApp::with(db, &[("VIDEO_PROVIDERS__DIR", folder.path().to_str().unwrap())]).await;
        let video = app.ready_video("public").await;
        patch(&app, &video, &json!({"title": "of no interest to the provider"})).await.expect(200);
        patch(&app, &video, &json!({"thumbnail_time": 4})).await.expect(200);
        app.mux.plan(crate::support::fake_mux::Planned::text(500, ""));
        app.reconcile().await;
        app.clock.advance(chrono::Duration::days(31));
        app.reconcile().await;
        let told: Vec<Value> =
            app.mux.requests().into_iter().filter(|r| r.method == Method::PATCH).map(|r| r.body).collect();
        assert_eq!(told.len(), 2, "once in vain, once heard");
        assert!(told.iter().all(|body| *body == json!({"thumbnail_time": 4.0})), "{told:?}");
        app.reconcile().await;
        assert_eq!(app.mux.asked("PATCH").len(), 2);
    }
}
