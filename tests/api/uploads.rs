//! `POST /v1/uploads`: the row first, then the provider.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::support::fake_mux::Planned;
use crate::support::{Db, TestApp, answer};

on_both! {
    async fn the_provider_is_asked_as_its_documents_say(db: Db) {
        let app = TestApp::start(db).await;
        let body = json!({"title": "My clip", "external_id": "e-1", "metadata": {"a": [1, "b"]}});
        let answer = app.post(&app.alice(), "/v1/uploads", &body).await;
        let created = answer.expect(201);
        let video = &created["video"];
        assert_eq!(answer.headers["location"], format!("/v1/videos/{}", video["id"].as_str().unwrap()));
        assert_eq!((&video["owner"], &video["title"]), (&json!("alice"), &json!("My clip")));
        assert_eq!((&video["status"], &video["provider"]), (&json!("waiting"), &json!("mux")));
        assert_eq!(video["metadata"], json!({"a": [1, "b"]}));
        let upload = &created["upload"];
        assert_eq!(upload["protocol"], "put_content_range");
        assert_eq!(upload["method"], "PUT");
        assert_eq!(upload["url"], "https://storage.example.com/upload-1?signature=abc");
        assert_eq!(upload["chunk"]["multiple"], 262_144);
        assert!(upload["expires_at"].is_string());

        let asked = app.mux.requests();
        assert_eq!(asked.len(), 1);
        assert_eq!((asked[0].method.as_str(), asked[0].path.as_str()), ("POST", "/video/v1/uploads"));
        assert_eq!(asked[0].headers["authorization"], "Basic dG9rZW4taWQ6dG9rZW4tc2VjcmV0");
        assert_eq!(asked[0].body["cors_origin"], "https://app.example.com");
        assert_eq!(asked[0].body["timeout"], 3600);
        let asset = &asked[0].body["new_asset_settings"];
        assert_eq!(asset["playback_policies"], json!(["signed"]));
        assert_eq!(asset["video_quality"], "basic");
        assert_eq!(asset["passthrough"], video["id"]);
        assert!(!asked[0].body.to_string().contains("alice"), "the owner stays with us");
        assert_eq!(app.video(&video["id"]).await, *video);
    }
}

on_both! {
    async fn an_upload_without_a_body_takes_the_defaults(db: Db) {
        let app = TestApp::start(db).await;
        let answer = app.send(Method::POST, "/v1/uploads", Some(&app.alice()), None).await;
        assert_eq!(answer.expect(201)["video"]["playback_policy"], "signed");
    }
}

on_both! {
    async fn text_is_the_bare_url_where_it_is_preferred(db: Db) {
        let app = TestApp::start(db).await;
        let request = app.client.post(format!("{}/v1/uploads", app.url)).bearer_auth(app.alice());
        let plain = answer(request.header("accept", "text/plain")).await;
        assert_eq!(plain.status, 201);
        assert_eq!(plain.text, "https://storage.example.com/upload-1?signature=abc");
        assert!(plain.headers.contains_key("location"));
        let request = app.client.post(format!("{}/v1/uploads", app.url)).bearer_auth(app.alice());
        answer(request.header("accept", "image/png")).await.expect_problem(406, "not_acceptable");
    }
}

on_both! {
    async fn bad_members_are_named(db: Db) {
        let app = TestApp::with(db, &[("VIDEO_UPLOADS__ALLOWED_POLICIES", "signed")]).await;
        for (body, pointer) in [
            (json!({"title": "x".repeat(513)}), "/title"),
            (json!({"external_id": "x".repeat(129)}), "/external_id"),
            (json!({"metadata": {"a": "x".repeat(4096)}}), "/metadata"),
            (json!({"metadata": [1]}), "/metadata"),
            (json!({"playback_policy": "public"}), "/playback_policy"),
            (json!({"playback_policy": "secret"}), "/playback_policy"),
            (json!({"quality": "premium"}), "/quality"),
            (json!({"provider": "elsewhere"}), "/provider"),
            (json!({"file_size": -1}), "/file_size"),
            (json!({"thumbnail_time": -1}), "/thumbnail_time"),
            (json!({"cors_origin": "https://evil.example.com"}), "/cors_origin"),
            (json!({"titel": "x"}), "/titel"),
            (json!({"title": "a\u{0}b"}), "/title"),
            (json!({"metadata": {"a": ["\u{0}"]}}), "/metadata/a/0"),
        ] {
            let problem = app.post(&app.alice(), "/v1/uploads", &body).await.expect_problem(422, "invalid_body");
            let pointers: Vec<&Value> = problem["errors"].as_array().unwrap().iter().map(|e| &e["pointer"]).collect();
            assert_eq!(pointers, [pointer], "{problem}");
        }
        assert!(app.mux.requests().is_empty());
        let title = "é".repeat(512);
        app.post(&app.alice(), "/v1/uploads", &json!({"title": title})).await.expect(201);
    }
}

on_both! {
    async fn an_unlisted_origin_is_not_passed_on(db: Db) {
        let app = TestApp::with(db, &[("VIDEO_UPLOADS__CORS_ORIGINS", "https://a.example, https://b.example")]).await;
        for (given, told) in [
            (Some("https://b.example"), "https://b.example"),
            (Some("https://evil.example"), "https://a.example"),
            (None, "https://a.example"),
        ] {
            let mut request = app.client.post(format!("{}/v1/uploads", app.url)).bearer_auth(app.alice());
            if let Some(origin) = given {
                request = request.header("origin", origin);
            }
            answer(request).await.expect(201);
            assert_eq!(app.mux.requests().last().unwrap().body["cors_origin"], told);
        }
        let own = json!({"cors_origin": app.url});
        app.post(&app.alice(), "/v1/uploads", &own).await.expect(201);
    }
}

on_both! {
    async fn a_provider_that_fails_leaves_an_errored_row_and_no_secret(db: Db) {
        let app = TestApp::start(db).await;
        let error = json!({"error": {"type": "invalid_parameters", "messages": ["playback policy is odd"]}});
        for (planned, code) in [
            (Planned::text(500, "boom token-secret"), "provider_unavailable"),
            (Planned::text(200, "<html>hello</html>"), "provider_unavailable"),
            (Planned::text(302, "").header("location", "http://127.0.0.1:9/elsewhere"), "provider_unavailable"),
            (Planned::json(201, &json!({"data": {}})), "provider_unavailable"),
            (Planned::json(400, &error), "provider_rejected"),
            // Last: it makes the calls after it wait.
            (Planned::text(429, "slow down").header("retry-after", "17"), "provider_unavailable"),
        ] {
            let status = planned.status;
            app.mux.plan(planned);
            let answer = app.post(&app.alice(), "/v1/uploads", &json!({})).await;
            let problem = answer.expect_problem(502, code);
            assert!(!problem.to_string().contains("token-secret"), "{problem}");
            match status {
                429 => assert_eq!(answer.headers["retry-after"], "17"),
                400 => assert_eq!(problem["detail"], "playback policy is odd"),
                _ => {}
            }
            let video = app.video(&problem["video_id"]).await;
            assert_eq!((&video["status"], &video["error"]["code"]), (&json!("errored"), &json!(code)));
            assert_eq!(video["error"]["provider_code"], json!(null));
        }
    }
}

#[tokio::test]
async fn a_provider_that_does_not_answer_in_time_is_unavailable() {
    let folder = tempfile::TempDir::new().unwrap();
    let map = include_str!("../../config/providers/mux.toml").replace("timeout_s = 10", "timeout_s = 1");
    assert!(map.contains("timeout_s = 1\n"), "the map says how long it waits");
    std::fs::write(folder.path().join("mux.toml"), map).unwrap();
    let app = TestApp::with(
        Db::Sqlite,
        &[("VIDEO_PROVIDERS__DIR", folder.path().to_str().unwrap())],
    )
    .await;
    app.mux.plan(Planned::text(201, "").after(Duration::from_secs(5)));
    app.post(&app.alice(), "/v1/uploads", &json!({}))
        .await
        .expect_problem(502, "provider_unavailable");
}

on_both! {
    async fn settings_of_the_provider_pass_only_where_they_are_listed_and_never_win(db: Db) {
        let listed = "/new_asset_settings/max_resolution_tier,/new_asset_settings/video_quality,/test";
        let app = TestApp::with(db, &[("VIDEO_UPLOADS__ALLOWED_SETTINGS", listed)]).await;
        let settings = json!({
            "test": true,
            "new_asset_settings": {"max_resolution_tier": "2160p", "video_quality": "premium"},
        });
        app.post(&app.alice(), "/v1/uploads", &json!({"provider_settings": settings})).await.expect(201);
        let asked = &app.mux.requests()[0].body;
        assert_eq!(asked["test"], true);
        assert_eq!(asked["new_asset_settings"]["max_resolution_tier"], "2160p");
        assert_eq!(asked["new_asset_settings"]["video_quality"], "basic", "the map's members win");
        let other = json!({"provider_settings": {"new_asset_settings": {"playback_policies": ["public"]}}});
        let problem = app.post(&app.alice(), "/v1/uploads", &other).await.expect_problem(422, "invalid_body");
        let pointer = "/provider_settings/new_asset_settings/playback_policies";
        assert_eq!(problem["errors"][0]["pointer"], pointer);
    }
}

on_both! {
    async fn what_cannot_be_played_is_not_uploaded(db: Db) {
        let off = [
            ("VIDEO_SIGNING_KEY", ""),
            ("VIDEO_PRIVATE_KEY", ""),
            ("VIDEO_UPLOADS__PLAYBACK_POLICY", "public"),
        ];
        let app = TestApp::with(db, &off).await;
        let signed = json!({"playback_policy": "signed"});
        let problem = app.post(&app.alice(), "/v1/uploads", &signed).await.expect_problem(422, "invalid_body");
        assert_eq!(problem["errors"][0]["pointer"], "/playback_policy");
        assert!(app.mux.requests().is_empty());
        app.upload().await;
    }
}

on_both! {
    async fn refused_credentials_are_our_trouble_not_the_callers(db: Db) {
        let app = TestApp::start(db).await;
        let error = json!({"error": {"type": "unauthorized", "messages": ["Unauthorized request"]}});
        app.mux.plan(Planned::json(401, &error));
        let problem = app.post(&app.alice(), "/v1/uploads", &json!({})).await;
        let problem = problem.expect_problem(502, "provider_unavailable");
        assert!(!problem.to_string().contains("Unauthorized"), "{problem}");
    }
}
