//! `POST /v1/videos`: a video that the provider fetches from an address.

use chrono::Duration;
use http::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use yourbit_video::domain::{Policy, Video};
use yourbit_video::store::{Claim, IdempotencyKey};

use crate::support::fake_mux::Planned;
use crate::support::mux_events::Ids;
use crate::support::program::Program;
use crate::support::{
    Answer, Db, FINDER, TestApp, TestDatabase, answer as answer_of, map_with_ingest, maps_without_a_rate,
};

/// An address with a secret in its path and one in its query.
const SOURCE: &str = "https://files.example/s3cret-folder/clip.mp4?X-Signature=s3cret";
const HOSTS: (&str, &str) = ("VIDEO_INGEST__ALLOWED_HOSTS", "files.example,*.cdn.example");

async fn start(db: Db) -> TestApp {
    TestApp::with(db, &[HOSTS]).await
}

/// With the maps `finder` (the default) and `none`, which fetches nothing.
async fn start_finder(db: Db) -> (TestApp, TempDir) {
    let maps = maps_without_a_rate();
    let write = |name: &str, text: &str| std::fs::write(maps.path().join(name), text).unwrap();
    write("finder.toml", &map_with_ingest(FINDER));
    write("none.toml", &map_with_ingest(""));
    let settings = [
        HOSTS,
        ("VIDEO_PROVIDERS__DIR", maps.path().to_str().unwrap()),
        ("VIDEO_PROVIDERS__ENABLED", "mux,finder,none"),
        ("VIDEO_PROVIDERS__DEFAULT", "finder"),
    ];
    let app = TestApp::with(db, &settings).await;
    (app, maps)
}

async fn ingest(app: &TestApp, body: &Value) -> Answer {
    app.post(&app.alice(), "/v1/videos", body).await
}

async fn ingest_with_key(app: &TestApp, key: &str, body: &Value) -> Answer {
    let request = app.client.post(format!("{}/v1/videos", app.url));
    answer_of(
        request
            .bearer_auth(app.alice())
            .header("idempotency-key", key)
            .json(body),
    )
    .await
}

/// The row behind a shown video.
async fn row(app: &TestApp, video: &Value) -> Video {
    let id = video["id"].as_str().unwrap().parse().unwrap();
    app.state.store.find_video(id).await.unwrap().unwrap()
}

/// The asset of a video at `finder`.
fn asset_of(video: &Value) -> String {
    format!("asset-{}", video["id"].as_str().unwrap())
}

/// The asset that `finder`'s second call finds, once.
fn plan_found(app: &TestApp, video: &Value) {
    let found = json!({"items": [{"title": "another", "id": "other"}, {"title": video["id"], "id": asset_of(video)}]});
    app.mux.plan(Planned::json(200, &found));
}

fn plan_nothing(app: &TestApp) {
    app.mux.plan(Planned::json(200, &json!({"items": []})));
}

/// Begins an ingest at `finder` whose second call finds nothing yet.
async fn waiting(app: &TestApp) -> Value {
    app.mux.plan(Planned::json(200, &json!({})));
    plan_nothing(app);
    let video = ingest(app, &json!({"source_url": SOURCE})).await.expect(201)["video"].clone();
    assert_eq!(
        (&video["status"], &video["asset_id"]),
        (&json!("created"), &Value::Null)
    );
    video
}

/// The hash under which a request's key is kept.
fn hash(body: &Value) -> String {
    use sha2::{Digest, Sha256};
    hex::encode(Sha256::digest(format!("POST /v1/videos\n{body}")))
}

on_both! {
    async fn the_provider_is_told_the_address_and_the_row_forgets_it(db: Db) {
        let app = start(db).await;
        let body = json!({"source_url": SOURCE, "title": "My clip", "metadata": {"a": 1}, "playback_policy": "public"});
        let answer = ingest(&app, &body).await;
        let created = answer.expect(201);
        let video = &created["video"];
        assert_eq!(created.as_object().unwrap().len(), 1, "there is nothing to upload");
        assert_eq!(answer.headers["location"], format!("/v1/videos/{}", video["id"].as_str().unwrap()));
        assert_eq!((&video["status"], &video["provider"]), (&json!("preparing"), &json!("mux")));
        assert_eq!((&video["title"], &video["owner"]), (&json!("My clip"), &json!("alice")));
        assert!(video["events_url"].is_string());
        let asked = app.mux.requests();
        assert_eq!(asked.len(), 1);
        assert_eq!((asked[0].method.as_str(), asked[0].path.as_str()), ("POST", "/video/v1/assets"));
        assert_eq!(asked[0].body, json!({
            "inputs": [{"url": SOURCE}], "playback_policies": ["public"], "video_quality": "basic",
            "passthrough": video["id"],
        }));
        let row = row(&app, video).await;
        assert_eq!((row.source_url, row.is_ingest), (None, true));
        assert!(!answer.text.contains("s3cret"));
        // The rest is as after any upload.
        let ids = Ids {
            video: video["id"].as_str().unwrap().to_owned(),
            upload: String::new(),
            asset: video["asset_id"].as_str().unwrap().to_owned(),
            playback: "play-1".to_owned(),
        };
        let mut event = ids.asset_event("ready", "ready", "public", app.clock.now());
        event["data"].as_object_mut().unwrap().remove("upload_id");
        app.mux.know(&event["data"]);
        app.event(&event).await.expect(200);
        assert_eq!(app.video(&video["id"]).await["status"], "ready");
    }
}

on_both! {
    async fn an_address_that_may_not_be_named_is_refused_and_nobody_is_asked(db: Db) {
        let app = start(db).await;
        for source in [
            json!("https://evil.example/s3cret"),
            json!("https://cdn.example/s3cret"),
            json!("https://evilcdn.example/s3cret"),
            json!("https://files.example.evil.example/s3cret"),
            json!("https://files.example@evil.example/s3cret"),
            json!("https://user:s3cret@files.example/"),
            json!("https://evil.example\\@files.example/s3cret"),
            json!("http://files.example/s3cret"),
            json!("https:files.example/s3cret"),
            json!("https://files.example/#s3cret"),
            json!("https://files.example/s3cret\n"),
            json!("ftp://files.example/s3cret"),
            json!("file:///etc/s3cret"),
            json!("s3cret"),
            json!(""),
            json!(null),
            json!(["https://files.example/s3cret"]),
        ] {
            let answer = ingest(&app, &json!({"source_url": source})).await;
            let problem = answer.expect_problem(422, "invalid_body");
            assert_eq!(problem["errors"][0]["pointer"], "/source_url", "{source}: {problem}");
            assert!(!answer.text.contains("s3cret"), "{source}: {problem}");
        }
        let answer = ingest(&app, &json!({"source_url": "https://evil.example/", "title": "x".repeat(513)})).await;
        let problem = answer.expect_problem(422, "invalid_body");
        let pointers: Vec<&Value> = problem["errors"].as_array().unwrap().iter().map(|one| &one["pointer"]).collect();
        assert_eq!(pointers, ["/source_url", "/title"], "all are named");
        let problem = ingest(&app, &json!({})).await.expect_problem(422, "invalid_body");
        assert!(problem["errors"][0]["detail"].as_str().unwrap().contains("source_url"), "{problem}");
        ingest(&app, &json!({"source_url": SOURCE, "sourceUrl": "x"})).await.expect_problem(422, "invalid_body");
        assert!(app.mux.requests().is_empty());
        ingest(&app, &json!({"source_url": "https://A.b.CDN.example./x"})).await.expect(201);
        assert_eq!(app.mux.requests()[0].body["inputs"][0]["url"], "https://a.b.cdn.example./x");
    }
}

on_both! {
    async fn inner_addresses_are_refused_whatever_is_listed(db: Db) {
        let app = TestApp::with(db, &[("VIDEO_INGEST__ALLOWED_HOSTS", "*"), ("VIDEO_INGEST__ALLOW_HTTP", "true")]).await;
        for host in [
            "localhost", "127.0.0.1", "2130706433", "0x7f.1", "10.0.0.1", "169.254.169.254", "[::1]",
            "[::ffff:169.254.169.254]", "[64:ff9b::7f00:1]", "[fd00::1]", "metadata.google.internal",
        ] {
            let answer = ingest(&app, &json!({"source_url": format!("http://{host}/latest/meta-data")})).await;
            let problem = answer.expect_problem(422, "invalid_body");
            assert_eq!(problem["errors"][0]["pointer"], "/source_url", "{host}");
        }
        assert!(app.mux.requests().is_empty());
        ingest(&app, &json!({"source_url": "http://anything.example/"})).await.expect(201);
    }
}

on_both! {
    async fn it_is_off_until_hosts_are_listed(db: Db) {
        let app = TestApp::start(db).await;
        let problem = ingest(&app, &json!({"source_url": SOURCE})).await.expect_problem(422, "invalid_body");
        assert!(problem["detail"].as_str().unwrap().contains("ingest.allowed_hosts"), "{problem}");
        assert_eq!(app.get(&app.alice(), "/v1/session").await.expect(200)["ingest"], Value::Null);
        let app = start(db).await;
        let session = app.get(&app.alice(), "/v1/session").await.expect(200);
        let offer = json!({"providers": ["mux"], "allowed_hosts": ["files.example", "*.cdn.example"], "allow_http": false});
        assert_eq!(session["ingest"], offer);
        assert!(session["capabilities"]["mux"].as_array().unwrap().contains(&json!("ingest")), "{session}");
        let player = app.token("alice", "video:play");
        assert_eq!(app.get(&player, "/v1/session").await.expect(200)["ingest"], Value::Null);
    }
}

on_both! {
    async fn a_provider_that_fetches_nothing_says_so(db: Db) {
        let (app, _maps) = start_finder(db).await;
        let body = json!({"source_url": SOURCE, "provider": "none"});
        ingest(&app, &body).await.expect_problem(409, "not_supported");
        assert!(app.mux.requests().is_empty());
        let session = app.get(&app.alice(), "/v1/session").await.expect(200);
        assert_eq!(session["ingest"]["providers"], json!(["mux", "finder"]));
    }
}

on_both! {
    async fn the_same_request_is_one_video_and_another_route_is_another_request(db: Db) {
        let app = start(db).await;
        let body = json!({"source_url": SOURCE, "title": "a"});
        let first = ingest_with_key(&app, "k", &body).await;
        let again = ingest_with_key(&app, "k", &json!({"title": "a", "source_url": SOURCE})).await;
        assert_eq!(again.headers["idempotency-replayed"], "true");
        assert_eq!(again.expect(201), first.expect(201));
        assert_eq!(again.headers["location"], first.headers["location"]);
        assert_eq!(app.mux.requests().len(), 1);
        let other = json!({"source_url": "https://files.example/other.mp4", "title": "a"});
        ingest_with_key(&app, "k", &other).await.expect_problem(422, "idempotency_key_reused");
        let upload = app.client.post(format!("{}/v1/uploads", app.url)).bearer_auth(app.alice());
        let upload = answer_of(upload.header("idempotency-key", "k").json(&json!({"title": "a"}))).await;
        upload.expect_problem(422, "idempotency_key_reused");
        app.clock.advance(Duration::hours(25));
        let later = ingest_with_key(&app, "k", &other).await.expect(201);
        assert_ne!(later["video"]["id"], first.json()["video"]["id"]);
    }
}

on_both! {
    async fn a_request_that_was_interrupted_is_not_made_twice(db: Db) {
        let app = start(db).await;
        let body = json!({"source_url": SOURCE});
        let key = IdempotencyKey { owner: "alice".into(), key: "k".into(), body_hash: hash(&body) };
        let dead = app.clock.new_id();
        let claim = app.state.store.claim_key(&key, dead, app.clock.now()).await.unwrap();
        assert_eq!(claim, Claim::Ours(dead));
        // The provider was asked, and the process died before its answer.
        let left = Video {
            is_ingest: true,
            source_url: Some(yourbit_video::domain::SourceUrl::new(SOURCE)),
            check_at: Some(app.clock.now() + Duration::minutes(15)),
            ..Video::new(dead, "alice".into(), "mux".into(), Policy::Signed, app.clock.now())
        };
        app.state.store.insert_video(&left).await.unwrap();
        app.clock.advance(Duration::seconds(60));
        let video = ingest_with_key(&app, "k", &body).await.expect(201)["video"].clone();
        assert_eq!((&video["id"], &video["status"]), (&json!(dead.to_string()), &json!("created")));
        assert!(app.mux.requests().is_empty(), "it may fetch the file already");
        app.clock.advance(Duration::minutes(15));
        app.reconcile().await;
        let video = app.video(&video["id"]).await;
        assert_eq!((&video["status"], &video["error"]["code"]), (&json!("errored"), &json!("upload_lost")));
        assert_eq!(row(&app, &video).await.source_url, None);
    }
}

on_both! {
    async fn a_provider_that_fails_leaves_an_errored_row_without_the_address(db: Db) {
        let app = start(db).await;
        let told = format!("cannot fetch {SOURCE} nor /s3cret-folder/clip.mp4?X-Signature=s3cret");
        let error = json!({"error": {"type": "invalid_parameters", "messages": [told]}});
        for (planned, code) in [
            (Planned::text(500, "boom"), "provider_unavailable"),
            (Planned::json(400, &error), "provider_rejected"),
        ] {
            app.mux.plan(planned);
            let answer = ingest(&app, &json!({"source_url": SOURCE})).await;
            let problem = answer.expect_problem(502, code);
            assert!(!answer.text.contains("s3cret"), "{problem}");
            let video = app.get(&app.alice(), &format!("/v1/videos/{}", problem["video_id"].as_str().unwrap())).await;
            let shown = video.expect(200);
            assert_eq!((&shown["status"], &shown["error"]["code"]), (&json!("errored"), &json!(code)));
            assert!(!video.text.contains("s3cret"), "{shown}");
            assert_eq!(row(&app, &shown).await.source_url, None);
        }
    }
}

on_both! {
    async fn what_a_provider_says_later_shows_no_address(db: Db) {
        let app = start(db).await;
        let video = ingest(&app, &json!({"source_url": SOURCE})).await.expect(201)["video"].clone();
        let asset = video["asset_id"].as_str().unwrap();
        let data = json!({
            "id": asset, "status": "errored", "passthrough": video["id"], "source": {"href": SOURCE},
            "errors": {"type": "invalid_input", "messages": [format!("404 at {SOURCE}")]},
        });
        let event = json!({
            "type": "video.asset.errored", "id": "e-1", "created_at": app.clock.now(), "data": data,
            "object": {"type": "asset", "id": asset},
        });
        app.event(&event).await.expect(200);
        let shown = app.get(&app.alice(), &format!("/v1/videos/{}", video["id"].as_str().unwrap())).await;
        assert_eq!(shown.expect(200)["status"], "errored");
        assert!(shown.text.contains("404 at") && !shown.text.contains("s3cret"), "{}", shown.text);
        let admin = app.token("root", "video:admin");
        let inbox = app.get(&admin, "/v1/admin/webhook-events").await.expect(200);
        let path = format!("/v1/admin/webhook-events/{}", inbox["data"][0]["id"].as_str().unwrap());
        let event = app.get(&admin, &path).await;
        event.expect(200);
        assert!(event.text.contains("source") && !event.text.contains("X-Signature=s3cret"), "{}", event.text);
    }
}

on_both! {
    async fn limits_are_those_of_uploads(db: Db) {
        let app = TestApp::with(db, &[
            HOSTS,
            ("VIDEO_UPLOADS__PER_OWNER_PER_MIN", "3"),
            ("VIDEO_UPLOADS__MAX_OPEN_PER_OWNER", "1"),
            ("VIDEO_UPLOADS__MAX_BYTES", "1000"),
        ]).await;
        let body = json!({"source_url": SOURCE});
        let problem = ingest(&app, &body).await.expect_problem(422, "invalid_body");
        assert_eq!(problem["errors"][0]["pointer"], "/file_size");
        let body = json!({"source_url": SOURCE, "file_size": 1000});
        for _ in 0..2 {
            ingest(&app, &body).await.expect(201);
        }
        app.post(&app.alice(), "/v1/uploads", &json!({"file_size": 10})).await.expect(201);
        let answer = ingest(&app, &body).await;
        answer.expect_problem(429, "rate_limited");
        assert!(answer.headers.contains_key("ratelimit"));
        let counted = |jti: &str| {
            let exp = app.clock.now().timestamp() + 3600;
            crate::support::sign(&json!({"sub": "bob", "exp": exp, "jti": jti, "upload": {"count": 1}}))
        };
        app.post(&counted("a"), "/v1/videos", &body).await.expect(201);
        app.post(&counted("a"), "/v1/videos", &body).await.expect_problem(403, "forbidden");
        app.mux.plan(Planned::text(500, ""));
        app.post(&counted("b"), "/v1/videos", &body).await.expect_problem(502, "provider_unavailable");
        app.clock.advance(Duration::seconds(61));
        app.post(&counted("b"), "/v1/uploads", &json!({"file_size": 1})).await.expect(201);
        let settings = json!({"source_url": SOURCE, "file_size": 1, "provider_settings": {"normalize_audio": true}});
        let problem = app.post(&app.token("carol", ""), "/v1/videos", &settings).await.expect_problem(422, "invalid_body");
        assert!(problem["detail"].as_str().unwrap().contains("ingest.allowed_settings"), "{problem}");
    }
}

on_both! {
    async fn a_step_that_finds_nothing_yet_is_asked_again_in_the_background(db: Db) {
        let (app, _maps) = start_finder(db).await;
        let video = waiting(&app).await;
        assert_eq!(row(&app, &video).await.source_url, None, "the provider has answered");
        let second = &app.mux.requests()[1];
        assert_eq!((second.path.as_str(), second.query.clone()), ("/videos", format!("search={}", video["id"].as_str().unwrap())));
        app.reconcile().await;
        assert_eq!(app.mux.requests().len(), 2, "not before its time");
        app.clock.advance(Duration::seconds(3));
        plan_nothing(&app);
        app.reconcile().await;
        assert_eq!(app.mux.requests().len(), 3);
        // The provider is away for a while.
        for _ in 0..3 {
            app.clock.advance(Duration::seconds(31));
            app.mux.plan(Planned::text(503, ""));
            app.reconcile().await;
            assert_eq!(app.video(&video["id"]).await["status"], "created");
        }
        app.clock.advance(Duration::seconds(31));
        plan_found(&app, &video);
        app.reconcile().await;
        let found = app.video(&video["id"]).await;
        assert_eq!((&found["status"], &found["asset_id"]), (&json!("preparing"), &json!(asset_of(&video))));
        assert_eq!(app.mux.asked("POST"), ["/fetch"], "it is begun once");
        assert_eq!(row(&app, &video).await.step_until, None);
    }
}

on_both! {
    async fn a_step_that_never_finds_anything_ends(db: Db) {
        let (app, _maps) = start_finder(db).await;
        let (empty, away) = (waiting(&app).await, waiting(&app).await);
        app.clock.advance(Duration::seconds(599));
        plan_nothing(&app);
        plan_nothing(&app);
        app.reconcile().await;
        assert_eq!(app.video(&empty["id"]).await["status"], "created");
        app.clock.advance(Duration::seconds(2));
        app.mux.plan(Planned::json(200, &json!({"items": []})));
        app.mux.plan(Planned::json(200, &json!({"items": []})));
        app.reconcile().await;
        for video in [empty, away] {
            let video = app.video(&video["id"]).await;
            assert_eq!((&video["status"], &video["error"]["code"]), (&json!("errored"), &json!("source_unreachable")), "{video}");
        }
    }
}

on_both! {
    async fn a_call_without_an_answer_is_found_by_our_id_and_never_repeated(db: Db) {
        let (app, _maps) = start_finder(db).await;
        app.mux.plan(Planned::text(504, "a gateway gave up"));
        let video = ingest(&app, &json!({"source_url": SOURCE})).await.expect(201)["video"].clone();
        assert_eq!(video["status"], "created");
        app.clock.advance(Duration::seconds(3));
        plan_found(&app, &video);
        app.reconcile().await;
        let found = app.video(&video["id"]).await;
        assert_eq!((&found["status"], &found["asset_id"]), (&json!("preparing"), &json!(asset_of(&video))));
        assert_eq!(app.mux.asked("POST").len(), 1);
        assert_eq!(row(&app, &video).await.source_url, None);
        // Where it was not made, the video is lost.
        app.mux.plan(Planned::text(504, ""));
        let video = ingest(&app, &json!({"source_url": SOURCE})).await.expect(201)["video"].clone();
        app.clock.advance(Duration::seconds(601));
        plan_nothing(&app);
        app.reconcile().await;
        let lost = app.video(&video["id"]).await;
        assert_eq!((&lost["status"], &lost["error"]["code"]), (&json!("errored"), &json!("upload_lost")));
        assert_eq!(app.mux.asked("POST").len(), 2);
    }
}

on_both! {
    async fn what_appears_after_a_deletion_or_a_cancel_is_deleted(db: Db) {
        let (app, _maps) = start_finder(db).await;
        for cancel in [false, true] {
            let video = waiting(&app).await;
            if cancel {
                let path = format!("/v1/videos/{}/cancel", video["id"].as_str().unwrap());
                app.send(Method::POST, &path, Some(&app.alice()), None).await.expect(200);
            } else {
                app.delete(&video).await.expect(202);
            }
            plan_nothing(&app);
            app.clock.advance(Duration::seconds(31));
            app.reconcile().await;
            app.mux.know(&json!({"id": asset_of(&video)}));
            plan_found(&app, &video);
            let before = app.mux.asked("DELETE").len();
            for _ in 0..3 {
                app.clock.advance(Duration::minutes(1));
                app.reconcile().await;
            }
            let deleted = app.mux.asked("DELETE").split_off(before);
            assert!(deleted.contains(&format!("/video/v1/assets/{}", asset_of(&video))), "cancel {cancel}: {deleted:?}");
        }
    }
}

on_both! {
    async fn the_address_is_in_no_line_of_the_log(db: Db) {
        let (database, mux) = (TestDatabase::make(db).await, crate::support::fake_mux::FakeMux::start().await);
        let settings = [HOSTS, ("VIDEO_LOG__FILTER", "trace")];
        let program = Program::start(&database.url, &mux, &settings).await;
        let post = |body: Value| program.client.post(format!("{}/v1/videos", program.url)).bearer_auth(Program::token()).json(&body);
        let told = json!({"error": {"type": "odd", "messages": [format!("cannot fetch {SOURCE}")]}});
        answer_of(post(json!({"source_url": SOURCE}))).await.expect(201);
        mux.plan(Planned::json(400, &told));
        answer_of(post(json!({"source_url": SOURCE}))).await.expect_problem(502, "provider_rejected");
        mux.plan(Planned::text(500, SOURCE));
        answer_of(post(json!({"source_url": SOURCE}))).await.expect_problem(502, "provider_unavailable");
        let evil = json!({"source_url": "https://evil.example/s3cret"});
        answer_of(post(evil).header("x-request-id", "the-last")).await.expect_problem(422, "invalid_body");
        let has_last = |program: &Program| program.log.lock().unwrap().contains("the-last").then_some(());
        program.wait_for(async |program| has_last(program)).await;
        let log = program.log.lock().unwrap().clone();
        let shown: Vec<&str> = log.lines().filter(|line| line.contains("s3cret")).collect();
        assert!(shown.is_empty(), "{shown:#?}");
    }
}

/// The event that tells of an ingested asset, as Mux sends it: without an upload. The fake knows the asset from then on.
async fn tell_ready(app: &TestApp, video: &Value, reference: &str) -> Value {
    let ids = Ids {
        video: reference.to_owned(),
        upload: String::new(),
        asset: video["asset_id"].as_str().unwrap().to_owned(),
        playback: format!("play-{reference}"),
    };
    let mut event = ids.asset_event("ready", "ready", "signed", app.clock.now());
    event["data"].as_object_mut().unwrap().remove("upload_id");
    app.mux.know(&event["data"]);
    app.event(&event).await.expect(200);
    app.settle().await;
    event["data"].clone()
}

on_both! {
    async fn a_file_from_an_address_takes_a_videos_place(db: Db) {
        let app = start(db).await;
        app.mux.tell_time(&app.clock, Duration::zero());
        let video = app.ready_video("signed").await;
        let answer = ingest(&app, &json!({"replaces": video["id"], "source_url": SOURCE})).await;
        let shown = answer.expect(201)["video"].clone();
        assert_eq!(answer.headers["location"], format!("/v1/videos/{}", video["id"].as_str().unwrap()));
        assert_eq!((&shown["id"], &shown["status"]), (&video["id"], &json!("ready")));
        assert_eq!(shown["replacement"]["status"], "preparing", "{shown}");
        assert!(!answer.text.contains("s3cret"));
        ingest(&app, &json!({"replaces": video["id"], "source_url": SOURCE}))
            .await
            .expect_problem(409, "replacement_in_progress");
        let hidden = crate::replace::hidden_row(&app, &shown).await;
        let made = tell_ready(&app, &hidden, hidden["id"].as_str().unwrap()).await;
        assert_eq!(app.replace().await, 1);
        let after = app.video(&video["id"]).await;
        assert_eq!((&after["asset_id"], &after["replacement"]), (&made["id"], &Value::Null));
        assert_eq!(after["created_at"], video["created_at"]);
    }
}

on_both! {
    async fn a_fetched_file_that_is_too_long_never_plays_and_goes(db: Db) {
        let app = TestApp::with(db, &[HOSTS, ("VIDEO_UPLOADS__MAX_DURATION_S", "20")]).await;
        app.mux.tell_time(&app.clock, Duration::zero());
        let video = ingest(&app, &json!({"source_url": SOURCE})).await.expect(201)["video"].clone();
        let made = tell_ready(&app, &video, video["id"].as_str().unwrap()).await;
        assert!(made["duration"].as_f64().unwrap() > 20.0);
        app.reconcile().await;
        let shown = app.video(&video["id"]).await;
        assert_eq!((&shown["status"], &shown["error"]["code"]), (&json!("errored"), &json!("too_long")));
        let asset = made["id"].as_str().unwrap();
        assert_eq!(app.mux.asked("DELETE"), [format!("/video/v1/assets/{asset}")]);
    }
}
