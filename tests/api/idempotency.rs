//! `Idempotency-Key`: the same request twice is one upload.

use chrono::Duration;
use serde_json::{Value, json};

use crate::support::fake_mux::Planned;
use crate::support::{Answer, Db, TestApp, answer};

async fn upload(app: &TestApp, key: &str, body: &Value) -> Answer {
    let request = app
        .client
        .post(format!("{}/v1/uploads", app.url))
        .bearer_auth(app.alice());
    answer(request.header("idempotency-key", key).json(body)).await
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
        let other = answer(request.header("idempotency-key", "k").json(&json!({"title": "b"}))).await;
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
            ..app.state.store.video(model).await.unwrap().unwrap()
        };
        app.state.store.insert_video(&left).await.unwrap();
        app.clock.advance(Duration::seconds(60));
        let first = upload(&app, "k", &json!({})).await.expect(201);
        assert_ne!(first["video"]["id"], dead.to_string());
        assert_eq!(upload(&app, "k", &json!({})).await.expect(201), first);
    }
}
