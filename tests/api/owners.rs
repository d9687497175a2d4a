//! Owners are erased and exported, and their usage is told.

use chrono::Duration;
use http::Method;
use serde_json::{Value, json};
use yourbit_video::jobs::{erasure, outbox, retention};

use crate::adopt::foreign;
use crate::support::left::words_left;
use crate::support::mux_events::Ids;
use crate::support::receiver::{Delivery, Receiver};
use crate::support::{Answer, Db, TestApp, answer, binary, environment, maps_without_a_rate, sign};

/// A name with everything that an address must encode.
const OWNER: &str = "carol/of Zürich?#%";
const PATH: &str = "/v1/admin/owners/carol%2Fof%20Z%C3%BCrich%3F%23%25";

async fn ask(app: &TestApp, method: Method, path: &str) -> Answer {
    let admin = app.token("root", "video:admin");
    app.send(method, path, Some(&admin), None).await
}

async fn progress(app: &TestApp) -> Value {
    ask(app, Method::GET, PATH).await.expect(200)
}

/// An upload of the owner's, with words of its own in every place.
async fn upload(app: &TestApp, owner: &str, word: &str) -> Value {
    let request = app
        .client
        .post(format!("{}/v1/uploads", app.url))
        .bearer_auth(app.token(owner, ""))
        .header("idempotency-key", format!("key-{word}"))
        .json(&json!({
            "title": format!("title-{word}"), "external_id": format!("external-{word}"),
            "metadata": {"of": format!("metadata-{word}")}, "playback_policy": "public",
        }));
    answer(request).await.expect(201)["video"].clone()
}

/// Its provider tells everything of it, also what the map ignores.
async fn becomes_ready(app: &TestApp, video: &Value, word: &str) {
    let ids = Ids::of(video);
    for mut event in ids.usual("public", app.clock.now()) {
        event["data"]["meta"] = json!({"title": format!("body-{word}")});
        app.mux.know(&event["data"]);
        app.event(&event).await.expect(200);
    }
    let mut ignored = ids.asset_event("warning", "ready", "public", app.clock.now());
    ignored["data"]["meta"] = json!({"title": format!("ignored-{word}")});
    assert_eq!(app.event(&ignored).await.expect(200)["result"], "ignored");
    app.settle().await;
}

/// The words of [`upload`] and [`becomes_ready`].
fn words(word: &str) -> Vec<String> {
    ["title", "external", "metadata", "key", "body", "ignored"]
        .map(|place| format!("{place}-{word}"))
        .to_vec()
}

on_both! {
    async fn an_owner_is_erased_and_nothing_of_it_is_left(db: Db) {
        let receiver = Receiver::start().await;
        let app = TestApp::with(db, &receiver.settings()).await;
        // A video that was deleted long ago: its row is purged, what the application was told of it is not.
        let old = upload(&app, OWNER, "old").await;
        becomes_ready(&app, &old, "old").await;
        let token = app.token(OWNER, "");
        app.send(Method::DELETE, &format!("/v1/videos/{}", old["id"].as_str().unwrap()), Some(&token), None).await.expect(202);
        app.reconcile().await;
        outbox::send_due_events(&app.state).await.unwrap();
        app.clock.advance(Duration::hours(25));
        retention::remove_expired_rows(&app.state).await.unwrap();
        let token = app.token(OWNER, "");
        let hers = upload(&app, OWNER, "hers").await;
        becomes_ready(&app, &hers, "hers").await;
        upload(&app, OWNER, "waits").await;
        // One that counts for its token: the count names the owner.
        let exp = (app.clock.now() + Duration::days(30)).timestamp();
        let counted = sign(&json!({"sub": OWNER, "exp": exp, "jti": "counted-hers", "upload": {"count": 2}}));
        app.post(&counted, "/v1/uploads", &json!({})).await.expect(201);
        let others = upload(&app, "bob", "bobs").await;
        becomes_ready(&app, &others, "bobs").await;
        outbox::send_due_events(&app.state).await.unwrap();
        let mut gone: Vec<String> = ["old", "hers", "waits"].into_iter().flat_map(words).collect();
        gone.retain(|word| !["body-waits", "ignored-waits"].contains(&word.as_str()));
        // PostgreSQL has bytes in hex, where no capital or umlaut is in the way.
        gone.extend(["carol", "counted-hers"].map(str::to_owned));
        let gone: Vec<&str> = gone.iter().map(String::as_str).collect();
        let kept = words("bobs");
        let kept: Vec<&str> = kept.iter().map(String::as_str).collect();
        // Where a word is not found before, its absence afterwards says nothing. (The purge took some of the old video's.)
        let there = words_left(&app.database.url, &gone);
        for word in gone.iter().filter(|word| !word.ends_with("-old") || **word == "title-old") {
            assert!(there.contains(word), "{word}: {there:?}");
        }
        assert_eq!(words_left(&app.database.url, &kept), kept);

        receiver.always(500);
        assert!(progress(&app).await["remaining"].as_i64().unwrap() > 4);
        assert_eq!(ask(&app, Method::DELETE, PATH).await.expect(202), json!({"videos": 3}));
        let refused = app.post(&token, "/v1/uploads", &json!({})).await.expect_problem(403, "forbidden");
        assert_eq!(refused["detail"], "This owner is being erased.");
        let adopted = json!({"provider": "mux", "owner": OWNER, "asset_id": "asset-a"});
        let admin = app.token("root", "video:admin");
        app.post(&admin, "/v1/admin/videos", &adopted).await.expect_problem(403, "forbidden");
        erasure::run_round(&app.state).await.unwrap();
        let path = format!("/v1/videos/{}/playback", hers["id"].as_str().unwrap());
        app.get(&token, &path).await.expect_problem(404, "not_found");
        assert_eq!(progress(&app).await["waiting_for"], json!(["mux"]));
        app.reconcile().await;
        outbox::send_due_events(&app.state).await.unwrap();
        assert_eq!(erasure::run_round(&app.state).await.unwrap(), 1);
        let waits = progress(&app).await;
        assert_eq!((&waits["undelivered"], &waits["waiting_for"]), (&json!(3), &json!([])));
        app.post(&token, "/v1/uploads", &json!({})).await.expect_problem(403, "forbidden");

        receiver.always(204);
        app.clock.advance(Duration::minutes(10));
        outbox::send_due_events(&app.state).await.unwrap();
        assert_eq!(erasure::run_round(&app.state).await.unwrap(), 0);
        assert_eq!(progress(&app).await, json!({"remaining": 0, "undelivered": 0, "waiting_for": []}));
        assert_eq!(words_left(&app.database.url, &gone), [""; 0]);
        assert_eq!(words_left(&app.database.url, &kept), kept);
        let told: Vec<Value> = receiver.deliveries().iter().map(Delivery::event).collect();
        let is_end = |event: &&Value| event["type"] == "video.deleted" && event["data"]["owner"] == OWNER;
        assert!(told.iter().filter(is_end).count() >= 3);
        // An event that comes once more is known, and its body is not kept again.
        let first = Ids::of(&hers).usual("public", app.clock.now())[3].clone();
        assert_eq!(app.event(&first).await.expect(200)["result"], "duplicate");
        app.get(&app.token("bob", ""), &format!("/v1/videos/{}", others["id"].as_str().unwrap())).await.expect(200);
        // Who was erased may come back.
        app.post(&app.token(OWNER, ""), "/v1/uploads", &json!({})).await.expect(201);
    }
}

on_both! {
    async fn only_an_admin_erases_and_a_name_must_be_one(db: Db) {
        let app = TestApp::start(db).await;
        for method in [Method::DELETE, Method::GET] {
            app.send(method.clone(), PATH, Some(&app.alice()), None).await.expect_problem(403, "forbidden");
            for bad in ["%00", "%FF", &"a".repeat(129)] {
                let path = format!("/v1/admin/owners/{bad}");
                ask(&app, method.clone(), &path).await.expect_problem(400, "invalid_request");
            }
        }
        // Of somebody unknown nothing is left.
        assert_eq!(progress(&app).await["remaining"], 0);
        ask(&app, Method::DELETE, PATH).await.expect(202);
        assert_eq!(progress(&app).await["remaining"], 1);
        assert_eq!(erasure::run_round(&app.state).await.unwrap(), 0);
        assert_eq!(progress(&app).await["remaining"], 0);
    }
}

on_both! {
    async fn uploads_that_race_with_an_erasure_leave_nothing(db: Db) {
        let maps = maps_without_a_rate();
        let app = TestApp::with(db, &[("VIDEO_PROVIDERS__DIR", maps.path().to_str().unwrap())]).await;
        let token = app.alice();
        let path = "/v1/admin/owners/alice";
        let body = json!({});
        let uploads = futures::future::join_all((0..40).map(|_| app.post(&token, "/v1/uploads", &body)));
        let erasing = async {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            ask(&app, Method::DELETE, path).await.expect(202);
            let mut rounds = 0;
            while erasure::run_round(&app.state).await.unwrap() > 0 && rounds < 50 {
                app.reconcile().await;
                rounds += 1;
            }
        };
        let (answers, ()) = tokio::join!(uploads, erasing);
        let refused = answers.iter().filter(|answer| answer.status == 403).count();
        // Those that were accepted after the end are there, and no others.
        let left = ask(&app, Method::GET, path).await.expect(200)["remaining"].as_u64().unwrap();
        assert!(left + refused as u64 <= 40, "{left} {refused}");
        ask(&app, Method::DELETE, path).await.expect(202);
        for _ in 0..3 {
            erasure::run_round(&app.state).await.unwrap();
            app.reconcile().await;
        }
        assert_eq!(ask(&app, Method::GET, path).await.expect(200)["remaining"], 0);
    }
}

/// The order to erase the owner, as it is after the last look at its rows: without the name.
async fn forgotten_order(app: &TestApp, db: Db) -> String {
    let hash = hex::encode(app.state.hash_owner(OWNER).await.unwrap());
    let hash = match db {
        Db::Sqlite => format!("x'{hash}'"),
        Db::Postgres => format!("'\\x{hash}'"),
    };
    format!("insert into erasures (owner_hash, requested_at) values ({hash}, '2026-01-01 00:00:00+00:00')")
}

on_both! {
    async fn an_upload_that_is_written_as_an_erasure_ends_does_not_stay(db: Db) {
        let app = TestApp::start(db).await;
        let order = forgotten_order(&app, db).await;
        let (token, body) = (app.token(OWNER, ""), json!({}));
        // It looks for the order before there is one, and is written after.
        let late = async {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            app.post(&token, "/v1/uploads", &body).await
        };
        let (late, ()) = tokio::join!(late, app.database.run_slowly(&order));
        late.expect_problem(403, "forbidden");
        assert_eq!(progress(&app).await["remaining"], 1);
        assert!(app.mux.asked("POST").is_empty(), "its provider was asked");
        assert_eq!(erasure::run_round(&app.state).await.unwrap(), 0);
        assert_eq!(progress(&app).await["remaining"], 0);
    }
}

on_both! {
    async fn a_video_that_is_adopted_as_an_erasure_ends_is_erased(db: Db) {
        let app = TestApp::start(db).await;
        app.mux.know(&foreign("a", "signed"));
        let order = forgotten_order(&app, db).await;
        let late = async {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            let adopted = json!({"provider": "mux", "owner": OWNER, "asset_id": "asset-a"});
            app.post(&app.token("root", "video:admin"), "/v1/admin/videos", &adopted).await
        };
        let (late, ()) = tokio::join!(late, app.database.run_slowly(&order));
        late.expect_problem(403, "forbidden");
        assert_eq!(erasure::run_round(&app.state).await.unwrap(), 1);
        app.reconcile().await;
        assert_eq!(erasure::run_round(&app.state).await.unwrap(), 0);
        assert_eq!(progress(&app).await["remaining"], 0);
        assert_eq!(app.mux.asked("DELETE").len(), 1);
    }
}

on_both! {
    async fn an_export_has_every_video_with_its_addresses_and_ends_with_a_summary(db: Db) {
        let maps = maps_without_a_rate();
        let app = TestApp::with(db, &[("VIDEO_PROVIDERS__DIR", maps.path().to_str().unwrap()), ("VIDEO_UPLOADS__PER_OWNER_PER_MIN", "0")]).await;
        for index in 0..104 {
            upload(&app, OWNER, &format!("number-{index}")).await;
        }
        let public = upload(&app, OWNER, "public").await;
        becomes_ready(&app, &public, "public").await;
        let signed = app.post(&app.token(OWNER, ""), "/v1/uploads", &json!({})).await.expect(201)["video"].clone();
        for event in Ids::of(&signed).usual("signed", app.clock.now()) {
            app.event(&event).await.expect(200);
        }
        app.settle().await;
        upload(&app, "bob", "bobs").await;
        let export = ask(&app, Method::GET, &format!("{PATH}/export")).await;
        assert_eq!(export.status, 200, "{}", export.text);
        assert_eq!(export.headers["content-type"], "application/x-ndjson");
        let lines: Vec<Value> = export.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 107);
        assert_eq!(lines[106], json!({"videos": 106}));
        assert!(lines[..106].iter().all(|line| line["video"]["owner"] == OWNER));
        let of = |video: &Value| lines.iter().find(|line| line["video"]["id"] == video["id"]).unwrap().clone();
        let exported = of(&public);
        assert_eq!(exported["addresses"]["urls"]["hls"], exported["video"]["playback_url"]);
        assert_eq!(exported["addresses"]["expires_at"], Value::Null);
        let token = app.token(OWNER, "");
        let mut seen = app.get(&token, &format!("/v1/videos/{}", public["id"].as_str().unwrap())).await.expect(200);
        seen.as_object_mut().unwrap().remove("events_url");
        assert_eq!(exported["video"], seen);
        assert!(of(&signed)["addresses"]["urls"]["hls"].as_str().unwrap().contains("?token="));
        assert_eq!(lines[105]["addresses"], Value::Null);
        app.get(&app.alice(), &format!("{PATH}/export")).await.expect_problem(403, "forbidden");
    }
}

on_both! {
    async fn an_export_that_fails_midway_breaks_off(db: Db) {
        let maps = maps_without_a_rate();
        let app = TestApp::with(db, &[("VIDEO_PROVIDERS__DIR", maps.path().to_str().unwrap()), ("VIDEO_UPLOADS__PER_OWNER_PER_MIN", "0")]).await;
        upload(&app, OWNER, "first").await;
        // Ids of the same millisecond have no order.
        app.clock.advance(Duration::seconds(1));
        for index in 0..104 {
            upload(&app, OWNER, &format!("number-{index}")).await;
        }
        // The oldest row is of the second page, and cannot be read.
        app.database.run("update videos set facts = '7' where title = 'title-first'").await;
        let admin = app.token("root", "video:admin");
        let plain = reqwest::Client::new();
        let mut export = plain.get(format!("{}{PATH}/export", app.url)).bearer_auth(admin).send().await.unwrap();
        assert_eq!(export.status(), 200);
        let mut seen = Vec::new();
        let end = loop {
            match export.chunk().await {
                Ok(Some(part)) => seen.extend(part),
                end => break end,
            }
        };
        assert!(end.is_err(), "the client sees no failure");
        let lines = String::from_utf8(seen).unwrap();
        assert_eq!(lines.lines().count(), 100);
        assert!(!lines.contains("{\"videos\""));
    }
}

on_both! {
    async fn usage_is_told_by_owner_and_provider(db: Db) {
        let app = TestApp::start(db).await;
        let admin = app.token("root", "video:admin");
        assert_eq!(app.get(&admin, "/v1/admin/usage").await.expect(200), json!({"data": []}));
        for (owner, size) in [("bob", 5), ("bob", 7), ("carol, \"C\"", 9)] {
            let body = json!({"file_size": size});
            let video = app.post(&app.token(owner, ""), "/v1/uploads", &body).await.expect(201)["video"].clone();
            for event in Ids::of(&video).usual("signed", app.clock.now()) {
                app.event(&event).await.expect(200);
            }
            app.settle().await;
            app.clock.advance(Duration::minutes(1));
        }
        let duration = app.get(&admin, "/v1/videos").await.expect(200)["data"][0]["duration_seconds"].as_f64().unwrap();
        let minutes = |videos: f64| (videos * duration / 60.0 * 1000.0).round() / 1000.0;
        let bob = json!({"owner": "bob", "provider": "mux", "videos": 2, "minutes": minutes(2.0), "bytes": 12});
        let carol = json!({"owner": "carol, \"C\"", "provider": "mux", "videos": 1, "minutes": minutes(1.0), "bytes": 9});
        let all = app.get(&admin, "/v1/admin/usage").await.expect(200);
        assert_eq!(all, json!({"data": [bob, carol]}));
        let since = (app.clock.now() - Duration::seconds(70)).format("%Y-%m-%dT%H:%M:%SZ");
        let late = app.get(&admin, &format!("/v1/admin/usage?since={since}")).await.expect(200);
        assert_eq!(late, json!({"data": [carol]}));
        let csv = answer(app.client.get(format!("{}/v1/admin/usage", app.url)).bearer_auth(&admin).header("accept", "text/csv")).await;
        assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8");
        let expected = format!(
            "owner,provider,videos,minutes,bytes\r\nbob,mux,2,{},12\r\n\"carol, \"\"C\"\"\",mux,1,{},9\r\n",
            minutes(2.0), minutes(1.0),
        );
        assert_eq!(csv.text, expected);
        let folder = tempfile::TempDir::new().unwrap();
        let env = environment(&app.database.url, &app.mux.url, &[]);
        let printed = binary::run(folder.path(), &env, &["usage"]).await;
        assert_eq!(printed.out, expected, "{}", printed.err);
        let printed = binary::run(folder.path(), &env, &["usage", "--format", "json"]).await;
        assert_eq!(serde_json::from_str::<Value>(&printed.out).unwrap(), all);
        app.get(&app.alice(), "/v1/admin/usage").await.expect_problem(403, "forbidden");
        app.get(&admin, "/v1/admin/usage?since=yesterday").await.expect_problem(400, "invalid_request");
    }
}
