//! `Idempotency-Key`: the same request twice is one upload.

use chrono::Duration;
use serde_json::{Value, json};

use crate::support::fake_mux::Planned;
use crate::support::{Answer, Db, TestApp, answer as answer_of};

async fn upload(app: &TestApp, key: &str, body: &Value) -> Answer {
    let request = app
        .client
        .post(format!("{}/v1/uploads", app.url))
        .bearer_auth(app.alice());
    answer_of(request.header("idempotency-key", key).json(body)).await
}

on_both! {
    async fn the_same_request_gets_the_first_answer_again(db: Db) {
        let app = TestApp::start(db).await;
        let first = upload(&app, "k", &json!({"title": "a", "metadata": {"x": 1, "y": 2}})).await;
        assert!(!first.headers.contains_key("idempotency-replayed"));
        let again = upload(&app, "k", &json!({"metadata": {"y": 2, "x": 1}, "title": "a"})).await;
        assert_eq!(again.headers["idempotency-replayed"], "true");
        assert_eq!(again.headers["location"], first.headers["location"]);
        assert_eq!(again.expect(201), first.expect(201));
        assert_eq!(app.mux.requests().len(), 1);
        upload(&app, "k", &json!({"title": "b"})).await.expect_problem(422, "idempotency_key_reused");
        let bob = app.token("bob", "");
        let request = app.client.post(format!("{}/v1/uploads", app.url)).bearer_auth(bob);
        let other = answer_of(request.header("idempotency-key", "k").json(&json!({"title": "b"}))).await;
        assert_ne!(other.expect(201)["video"]["id"], first.json()["video"]["id"]);
        app.clock.advance(Duration::seconds(3601));
        let later = upload(&app, "k", &json!({"title": "b"})).await.expect(201);
        assert_ne!(later["video"]["id"], first.json()["video"]["id"]);
    }
}

on_both! {
    async fn equal_requests_at_the_same_time_make_one_upload(db: Db) {
        let app = TestApp::start(db).await;
        let body = json!({"title": "one"});
        let all = futures::future::join_all((0..20).map(|_| upload(&app, "same", &body))).await;
        let mut ids = std::collections::HashSet::new();
        for answer in &all {
            match answer.status.as_u16() {
                201 => {
                    ids.insert(answer.json()["video"]["id"].as_str().unwrap().to_owned());
                }
                409 => {
                    answer.expect_problem(409, "idempotency_in_progress");
                }
                other => panic!("{other}: {}", answer.text),
            }
        }
        assert_eq!(ids.len(), 1);
        assert_eq!(app.mux.asked("POST").len(), 1);
    }
}

on_both! {
    async fn a_refusal_frees_the_key(db: Db) {
        let app = TestApp::start(db).await;
        app.mux.plan(Planned::text(500, ""));
        upload(&app, "k", &json!({})).await.expect_problem(502, "provider_unavailable");
        upload(&app, "k", &json!({"title": "other"})).await.expect(201);
        for bad in ["", &"x".repeat(256)] {
            upload(&app, bad, &json!({})).await.expect_problem(400, "invalid_request");
        }
    }
}

on_both! {
    async fn a_claim_that_died_lapses_and_its_video_is_continued(db: Db) {
        use yourbit_video::store::{Claim, IdempotencyKey};
        let app = TestApp::start(db).await;
        let hash = {
            use sha2::{Digest, Sha256};
            hex::encode(Sha256::digest("{}"))
        };
        let key = IdempotencyKey { owner: "alice".into(), key: "k".into(), body_hash: hash };
        let dead = app.clock.new_id();
        let claim = app.state.store.claim_key(&key, dead, app.clock.now()).await.unwrap();
        assert_eq!(claim, Claim::Ours(dead));
        upload(&app, "k", &json!({})).await.expect_problem(409, "idempotency_in_progress");
        app.clock.advance(Duration::seconds(60));
        let video = upload(&app, "k", &json!({})).await.expect(201)["video"].clone();
        assert_eq!(video["id"], dead.to_string());
    }
}

on_both! {
    async fn a_claim_that_died_after_its_webhook_came_begins_anew(db: Db) {
        use yourbit_video::domain::{Knowledge, ShownStatus, Video};
        use yourbit_video::store::{Claim, IdempotencyKey};
        let app = TestApp::start(db).await;
        let model = app.upload().await["id"].as_str().unwrap().parse().unwrap();
        let hash = {
            use sha2::{Digest, Sha256};
            hex::encode(Sha256::digest("{}"))
        };
        let key = IdempotencyKey { owner: "alice".into(), key: "k".into(), body_hash: hash };
        let dead = app.clock.new_id();
        let claim = app.state.store.claim_key(&key, dead, app.clock.now()).await.unwrap();
        assert_eq!(claim, Claim::Ours(dead));
        let left = Video {
            id: dead,
            known: Knowledge { upload_id: Some("told-by-webhook".into()), ..Knowledge::default() },
            status: ShownStatus::Created,
            steps: 0,
            ..app.state.store.find_video(model).await.unwrap().unwrap()
        };
        app.state.store.insert_video(&left).await.unwrap();
        app.clock.advance(Duration::seconds(60));
        let first = upload(&app, "k", &json!({})).await.expect(201);
        assert_ne!(first["video"]["id"], dead.to_string());
        assert_eq!(upload(&app, "k", &json!({})).await.expect(201), first);
    }
}

/// An array in an array, and so on.
fn nested(count: usize) -> Value {
    (0..count).fold(json!(1), |inner, _| json!([inner]))
}

on_both! {
    async fn what_was_accepted_once_is_answered_again_whatever_is_accepted_by_now(db: Db) {
        use yourbit_video::store::IdempotencyKey;
        let app = TestApp::start(db).await;
        // As an earlier release accepted it.
        let body = json!({"metadata": {"a": nested(125)}});
        let mut answer = upload(&app, "other", &json!({})).await.expect(201);
        answer["video"]["metadata"] = body["metadata"].clone();
        let hash = {
            use sha2::{Digest, Sha256};
            hex::encode(Sha256::digest(body.to_string()))
        };
        let key = IdempotencyKey { owner: "alice".into(), key: "k".into(), body_hash: hash };
        let id = answer["video"]["id"].as_str().unwrap().parse().unwrap();
        let now = app.clock.now();
        app.state.store.claim_key(&key, id, now).await.unwrap();
        app.state.store.store_answer(&key, id, &answer, now + Duration::hours(1)).await.unwrap();
        let kept = app.state.store.stored_answer(&key, now).await.unwrap().unwrap();
        assert!(kept.contains(&format!("{}1{}", "[".repeat(125), "]".repeat(125))));
        // As text: no test reads JSON as deep as that answer.
        let request = app.client.post(format!("{}/v1/uploads", app.url)).bearer_auth(app.alice());
        let request = request.header("idempotency-key", "k").header("accept", "text/plain");
        let again = answer_of(request.json(&body)).await;
        assert_eq!(again.status, 201, "{}", again.text);
        assert_eq!(again.headers["idempotency-replayed"], "true");
        assert_eq!(again.headers["location"], format!("/v1/videos/{id}"));
        assert_eq!(again.text, answer["upload"]["url"].as_str().unwrap());
        let problem = upload(&app, "new", &body).await.expect_problem(422, "invalid_body");
        assert_eq!(problem["errors"][0]["pointer"], "/metadata");
    }
}

on_both! {
    async fn odd_values_that_are_accepted_are_read_back_and_answered_again(db: Db) {
        let maps = crate::support::maps_without_a_rate();
        let app = TestApp::with(db, &[("VIDEO_PROVIDERS__DIR", maps.path().to_str().unwrap())]).await;
        for (number, odd) in [
            json!(1e308), json!(-1e308), json!(5e-324), json!(u64::MAX), json!(i64::MIN), json!(-0.0), json!(0.1),
            nested(31), json!({"": {"\u{10ffff}": "\u{7f}\u{85}\u{2028}"}}), json!("\u{fffd}\\u0000"),
        ].into_iter().enumerate() {
            let body = json!({"metadata": {"odd": odd}});
            let key = format!("odd-{number}");
            let first = upload(&app, &key, &body).await.expect(201);
            let again = upload(&app, &key, &body).await.expect(201);
            assert_eq!(again["video"]["id"], first["video"]["id"]);
            let read = app.video(&first["video"]["id"]).await;
            let same = |read: &Value| read == &odd || read.as_f64().is_some_and(|read| Some(read) == odd.as_f64());
            for read in [&read, &first["video"], &again["video"]] {
                assert!(same(&read["metadata"]["odd"]), "{odd}: {read}");
            }
            let path = format!("/v1/videos/{}", first["video"]["id"].as_str().unwrap());
            let patch = json!({"metadata": {"more": odd}});
            app.send(http::Method::PATCH, &path, Some(&app.alice()), Some(&patch)).await.expect(200);
        }
        for text in [r#"{"metadata":{"a":"\ud800"}}"#, r#"{"metadata":{"\udfff":1}}"#, r#"{"metadata":{"a":1e999}}"#] {
            let request = app.client.post(format!("{}/v1/uploads", app.url)).bearer_auth(app.alice());
            let refused = answer_of(request.header("content-type", "application/json").body(text)).await;
            refused.expect_problem(400, "invalid_request");
        }
        // Of equal names the last one counts, and is what is kept.
        let request = app.client.post(format!("{}/v1/uploads", app.url)).bearer_auth(app.alice());
        let twice = r#"{"metadata":{"a":1,"a":{"b":2}},"title":"x","title":"y"}"#;
        let twice = answer_of(request.header("content-type", "application/json").body(twice)).await.expect(201);
        assert_eq!((&twice["video"]["metadata"], &twice["video"]["title"]), (&json!({"a": {"b": 2}}), &json!("y")));
    }
}

on_both! {
    async fn a_body_that_is_nested_too_deep_is_refused_by_name(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.upload().await;
        let path = format!("/v1/videos/{}", video["id"].as_str().unwrap());
        let send = async |method: http::Method, path: &str, body: String| {
            let request = app.client.request(method, format!("{}{path}", app.url)).bearer_auth(app.alice());
            answer_of(request.header("content-type", "application/json").body(body)).await
        };
        let deep = |count: usize| format!("{}1{}", "[".repeat(count), "]".repeat(count));
        for count in [33, 126, 20_000] {
            for (method, path, member) in [
                (http::Method::POST, "/v1/uploads", "metadata"),
                (http::Method::POST, "/v1/uploads", "provider_settings"),
                (http::Method::PATCH, path.as_str(), "metadata"),
                (http::Method::POST, "/v1/playback", "params"),
                (http::Method::POST, "/v1/playback", "ids"),
            ] {
                let body = format!("{{\"{member}\":{{\"a\":{}}}}}", deep(count - 1));
                let problem = send(method, path, body).await.expect_problem(422, "invalid_body");
                assert_eq!(problem["errors"][0]["pointer"], format!("/{member}"), "{problem}");
            }
        }
        let fits = format!("{{\"metadata\":{{\"a\":{}}}}}", deep(31));
        send(http::Method::POST, "/v1/uploads", fits.clone()).await.expect(201);
        let version = send(http::Method::PATCH, &path, fits).await.expect(200)["version"].clone();
        let deep = format!("{{\"metadata\":{{\"a\":{}}}}}", deep(32));
        send(http::Method::PATCH, &path, deep).await.expect_problem(422, "invalid_body");
        assert_eq!(app.video(&video["id"]).await["version"], version);
    }
}
