//! What an upload may be: limits of tokens, settings and maps, before the provider is asked and afterwards.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::support::database::TestDatabase;
use crate::support::fake_mux::{FakeMux, Planned};
use crate::support::mux_events::Ids;
use crate::support::{Answer, Db, TestApp, sign};

/// A token of `sub` with further claims, an hour long.
fn token_with(app: &TestApp, sub: &str, more: &Value) -> String {
    let mut claims = json!({"sub": sub, "exp": app.clock.now().timestamp() + 3600});
    for (name, value) in more.as_object().unwrap() {
        claims[name] = value.clone();
    }
    sign(&claims)
}

async fn begin(app: &TestApp, token: &str, body: &Value) -> Answer {
    app.post(token, "/v1/uploads", body).await
}

/// The pointers and details of a 422.
fn refusals(answer: &Answer) -> Vec<(String, String)> {
    let problem = answer.expect_problem(422, "invalid_body");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let errors = problem["errors"].as_array().unwrap();
    errors
        .iter()
        .map(|one| (text(&one["pointer"]), text(&one["detail"])))
        .collect()
}

on_both! {
    async fn the_strictest_limit_of_a_files_size_counts_and_is_told(db: Db) {
        let app = TestApp::with(db, &[("VIDEO_UPLOADS__MAX_BYTES", "1000")]).await;
        let small = token_with(&app, "alice", &json!({"upload": {"max_bytes": 500}}));
        for (token, body, words) in [
            (&app.alice(), json!({}), "is required"),
            (&app.alice(), json!({"file_size": 1001}), "at most 1000 bytes, the limit of this service: uploads.max_bytes"),
            (&small, json!({"file_size": 501}), "at most 500 bytes, the limit of the token: its claim upload.max_bytes"),
        ] {
            let refused = refusals(&begin(&app, token, &body).await);
            assert_eq!(refused.len(), 1, "{refused:?}");
            assert!(refused[0].0 == "/file_size" && refused[0].1.contains(words), "{refused:?}");
        }
        assert!(app.mux.asked("POST").is_empty(), "a refusal asks no provider");
        for (token, size, told) in [(&app.alice(), 1000, 1000), (&small, 500, 500)] {
            let begun = begin(&app, token, &json!({"file_size": size})).await.expect(201);
            assert_eq!(begun["upload"]["max_bytes"], told);
        }
    }
}

on_both! {
    async fn a_files_type_is_told_or_known_by_its_ending(db: Db) {
        let app = TestApp::with(db, &[("VIDEO_UPLOADS__CONTENT_TYPES", r#"["video/*", "audio/mpeg"]"#)]).await;
        let narrow = token_with(&app, "alice", &json!({"upload": {"content_types": ["video/mp4", "image/*"]}}));
        for (token, body, pointer) in [
            (&app.alice(), json!({}), "/content_type"),
            (&app.alice(), json!({"filename": "clip.unheard-of"}), "/content_type"),
            (&app.alice(), json!({"filename": "clip.html"}), "/filename"),
            (&app.alice(), json!({"content_type": "text/html", "filename": "clip.mp4"}), "/content_type"),
            (&app.alice(), json!({"content_type": "audio/wav"}), "/content_type"),
            (&narrow, json!({"content_type": "video/webm"}), "/content_type"),
            (&narrow, json!({"content_type": "image/png"}), "/content_type"),
        ] {
            let refused = refusals(&begin(&app, token, &body).await);
            assert_eq!(refused[0].0, pointer, "{body} {refused:?}");
        }
        for (token, body) in [
            (&app.alice(), json!({"content_type": "Video/QuickTime; codecs=hvc1"})),
            (&app.alice(), json!({"filename": "CLIP.MOV"})),
            (&app.alice(), json!({"filename": "sound.mp3"})),
            (&narrow, json!({"filename": "clip.mp4"})),
        ] {
            begin(&app, token, &body).await.expect(201);
        }
    }
}

on_both! {
    async fn a_claim_narrows_policy_quality_and_provider(db: Db) {
        let more = [
            ("VIDEO_PROVIDERS__ENABLED", "mux"),
            ("VIDEO_UPLOADS__ALLOWED_QUALITIES", "basic,plus"),
        ];
        let app = TestApp::with(db, &more).await;
        let with = |claim: Value| token_with(&app, "alice", &json!({"upload": claim}));
        for (claim, body, pointer) in [
            (json!({"policy": "public"}), json!({"playback_policy": "signed"}), "/playback_policy"),
            (json!({"quality": ["basic"]}), json!({"quality": "plus"}), "/quality"),
            (json!({"provider": "local"}), json!({}), "/provider"),
            (json!({"provider": ["mux"]}), json!({"provider": "local"}), "/provider"),
        ] {
            let refused = refusals(&begin(&app, &with(claim), &body).await);
            assert_eq!(refused[0].0, pointer, "{refused:?}");
        }
        // Where the request names nothing, the claim's own word is taken.
        let begun = begin(&app, &with(json!({"policy": "public"})), &json!({})).await.expect(201);
        assert_eq!(begun["video"]["playback_policy"], "public");
        // What cannot be read is no token: a misspelt limit would be none.
        for claim in [
            json!({"max_byte": 5}), json!({"max_bytes": "5"}), json!({"max_bytes": -1}), json!({"max_bytes": 1.5}),
            json!({"content_types": ["video"]}), json!({"policy": "private"}), json!([]), json!("x"),
            json!({"provider": [7]}), json!({"count": -1}),
        ] {
            begin(&app, &with(claim), &json!({})).await.expect_problem(401, "unauthenticated");
        }
        let bad_quota = token_with(&app, "alice", &json!({"quota": {"video": 1}}));
        begin(&app, &bad_quota, &json!({})).await.expect_problem(401, "unauthenticated");
    }
}

on_both! {
    async fn a_token_begins_as_many_uploads_as_it_counts(db: Db) {
        let app = TestApp::start(db).await;
        let nameless = token_with(&app, "alice", &json!({"upload": {"count": 2}}));
        let refused = begin(&app, &nameless, &json!({})).await.expect_problem(403, "forbidden");
        assert!(refused["detail"].as_str().unwrap().contains("jti"), "{refused}");
        let token = token_with(&app, "alice", &json!({"jti": "t1", "upload": {"count": 2}}));
        // A repeat under the same key counts once.
        let keyed = async || {
            let request = app.client.post(format!("{}/v1/uploads", app.url)).bearer_auth(&token);
            crate::support::answer(request.header("idempotency-key", "k").json(&json!({}))).await.expect(201)
        };
        assert_eq!(keyed().await["video"]["id"], keyed().await["video"]["id"]);
        // One that got no URL is given back.
        app.mux.plan(Planned::json(400, &json!({"error": {"messages": ["no"]}})));
        begin(&app, &token, &json!({})).await.expect_problem(502, "provider_rejected");
        begin(&app, &token, &json!({})).await.expect(201);
        begin(&app, &token, &json!({})).await.expect_problem(403, "forbidden");
        // The key's answer is given however little is left; another token of the same owner counts for itself.
        keyed().await;
        let another = token_with(&app, "alice", &json!({"jti": "t2", "upload": {"count": 1}}));
        begin(&app, &another, &json!({})).await.expect(201);
        let none = token_with(&app, "alice", &json!({"jti": "t3", "upload": {"count": 0}}));
        begin(&app, &none, &json!({})).await.expect_problem(403, "forbidden");
        // What is counted is kept until the token ends, and no longer.
        assert_eq!(app.state.store.prune_counts(app.clock.now(), 100).await.unwrap(), 0);
        app.clock.advance(chrono::Duration::seconds(3601));
        assert_eq!(app.state.store.prune_counts(app.clock.now(), 100).await.unwrap(), 3);
    }
}

on_both! {
    async fn counted_limits_hold_exactly_under_a_hundred_racers_on_two_replicas(db: Db) {
        let maps = crate::support::maps_without_a_rate();
        let more = [
            ("VIDEO_UPLOADS__PER_OWNER_PER_MIN", "0"),
            ("VIDEO_PROVIDERS__DIR", maps.path().to_str().unwrap()),
        ];
        let one = TestApp::with(db, &more).await;
        let two = one.replica().await;
        for (owner, claims, code) in [
            ("counted", json!({"jti": "t", "upload": {"count": 5}}), "forbidden"),
            ("videos", json!({"quota": {"videos": 5}}), "quota_exceeded"),
            ("bytes", json!({"quota": {"bytes": 50}}), "quota_exceeded"),
        ] {
            let token = token_with(&one, owner, &claims);
            let racers = (0..100).map(async |number: u32| loop {
                let app = if number.is_multiple_of(2) { &one } else { &two };
                let answer = begin(app, &token, &json!({"file_size": 10})).await;
                // So many at once may be too many for this machine.
                if answer.status != 503 {
                    return answer;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            });
            let answers = futures::future::join_all(racers).await;
            let begun = answers.iter().filter(|answer| answer.status == 201).count();
            assert_eq!(begun, 5, "{owner}");
            for refused in answers.iter().filter(|answer| answer.status != 201) {
                refused.expect_problem(403, code);
            }
        }
        assert_eq!(one.mux.asked("POST").len(), 15, "who is refused asks no provider");
    }
}

on_both! {
    async fn a_quota_counts_what_is_kept_and_what_is_on_its_way(db: Db) {
        let app = TestApp::with(db, &[("VIDEO_QUOTA__VIDEOS", "2"), ("VIDEO_QUOTA__MINUTES", "1")]).await;
        let first = app.ready_video("signed").await;
        app.upload().await;
        let refused = begin(&app, &app.alice(), &json!({})).await.expect_problem(403, "quota_exceeded");
        assert_eq!((&refused["used"], &refused["limit"]), (&json!(2), &json!(2)));
        let strict = token_with(&app, "bob", &json!({"quota": {"bytes": 10}}));
        let size = refusals(&begin(&app, &strict, &json!({})).await);
        assert_eq!(size[0].0, "/file_size", "bytes that are counted are told");
        begin(&app, &strict, &json!({"file_size": 10})).await.expect(201);
        let refused = begin(&app, &strict, &json!({"file_size": 1})).await.expect_problem(403, "quota_exceeded");
        assert_eq!((&refused["used"], &refused["limit"]), (&json!(10), &json!(10)));
        let session = app.get(&strict, "/v1/session").await.expect(200);
        assert_eq!(session["quotas"], json!({
            "videos": {"used": 1, "limit": 2}, "minutes": {"used": 0, "limit": 1}, "bytes": {"used": 10, "limit": 10},
        }));
        // A deleted video makes room, once its provider has confirmed.
        app.delete(&first).await.expect(202);
        begin(&app, &app.alice(), &json!({})).await.expect_problem(403, "quota_exceeded");
        app.reconcile().await;
        begin(&app, &app.alice(), &json!({})).await.expect(201);
    }
}

on_both! {
    async fn bytes_that_no_caller_told_count_as_the_provider_reports_them(db: Db) {
        let app = ten_seconds_at(db, "api_video").await;
        for answer in first_answers("api_video") {
            app.mux.plan(answer);
        }
        let video = begin(&app, &app.alice(), &json!({})).await.expect(201)["video"].clone();
        app.clock.advance(chrono::Duration::minutes(3));
        app.mux.plan(Planned::json(200, &json!({
            "ingest": {"status": "ingested", "filesize": 700},
            "encoding": {"playable": true, "qualities": [], "metadata": {"duration": 5, "width": 640, "height": 360}},
        })));
        app.reconcile().await;
        assert_eq!(app.video(&video["id"]).await["status"], "ready");
        let counted = token_with(&app, "alice", &json!({"quota": {"bytes": 700}}));
        let session = app.get(&counted, "/v1/session").await.expect(200);
        assert_eq!(session["quotas"]["bytes"], json!({"used": 700, "limit": 700}));
        begin(&app, &counted, &json!({"file_size": 1})).await.expect_problem(403, "quota_exceeded");
    }
}

on_both! {
    async fn minutes_count_as_their_providers_report_them(db: Db) {
        let app = TestApp::with(db, &[("VIDEO_QUOTA__MINUTES", "1")]).await;
        // 23.86 s each: the third reaches a minute.
        for _ in 0..3 {
            app.ready_video("signed").await;
        }
        let refused = begin(&app, &app.alice(), &json!({})).await.expect_problem(403, "quota_exceeded");
        assert_eq!((&refused["used"], &refused["limit"]), (&json!(1), &json!(1)));
    }
}

/// A service whose uploads go to one of the shipped maps, played by the fake, and last ten seconds at most.
async fn ten_seconds_at(db: Db, provider: &str) -> TestApp {
    let mux = FakeMux::start().await;
    let database = std::sync::Arc::new(TestDatabase::make(db).await);
    let url = mux.url.clone();
    let policy = if provider == "bunny_stream" {
        "signed"
    } else {
        "public"
    };
    let more = [
        ("VIDEO_UPLOADS__MAX_DURATION_S", "10"),
        ("VIDEO_UPLOADS__PLAYBACK_POLICY", policy),
        ("VIDEO_PROVIDERS__DEFAULT", provider),
        ("VIDEO_PROVIDERS__ENABLED", provider),
        ("VIDEO_BUNNY_API", url.as_str()),
        ("VIDEO_BUNNY_LIBRARY", "133"),
        ("VIDEO_BUNNY_KEY", "bunny-key"),
        ("VIDEO_BUNNY_READ_ONLY_KEY", "read-only-key"),
        ("VIDEO_BUNNY_DELIVERY", "https://vz-0000.b-cdn.net"),
        ("VIDEO_BUNNY_CDN_KEY", "cdn-key"),
        ("VIDEO_CLOUDFLARE_API", url.as_str()),
        ("VIDEO_CLOUDFLARE_ACCOUNT", "account"),
        ("VIDEO_CLOUDFLARE_TOKEN", "token"),
        ("VIDEO_CLOUDFLARE_WEBHOOK_SECRET", "secret"),
        (
            "VIDEO_CLOUDFLARE_DELIVERY",
            "https://customer-x.cloudflarestream.com",
        ),
        ("VIDEO_API_VIDEO_API", url.as_str()),
        ("VIDEO_API_VIDEO_KEY", "key"),
        ("VIDEO_API_VIDEO_WEBHOOK_SECRET", "secret"),
    ];
    let used = |name: &str| name.starts_with("VIDEO_UPLOADS") || name.starts_with("VIDEO_PROVIDERS");
    let own = format!("VIDEO_{}", provider.trim_end_matches("_stream").to_uppercase());
    let more: Vec<_> = more
        .into_iter()
        .filter(|(name, _)| used(name) || name.starts_with(&own))
        .collect();
    TestApp::on(database, mux, &more).await
}

/// Sees that nothing of the video plays.
async fn plays_nothing(app: &TestApp, video: &Value) {
    let id = video["id"].as_str().unwrap();
    for rest in ["playback", "thumbnails"] {
        let answer = app.get(&app.alice(), &format!("/v1/videos/{id}/{rest}")).await;
        answer.expect_problem(409, "video_not_ready");
    }
    let page = app
        .post(&app.alice(), "/v1/playback", &json!({"ids": [id]}))
        .await
        .expect(200);
    assert_eq!(page["data"][0]["problem"]["code"], "video_not_ready");
    assert_eq!(app.video(&video["id"]).await["playback_url"], Value::Null);
}

/// The first step of an upload at a provider, as the fake answers it, one answer a call.
fn first_answers(provider: &str) -> Vec<Planned> {
    match provider {
        "cloudflare_stream" => vec![
            Planned::text(201, "")
                .header("location", "https://upload.example/tus/1")
                .header("stream-media-id", "long-1"),
        ],
        "bunny_stream" => vec![Planned::json(
            200,
            &json!({"guid": "long-1", "videoLibraryId": 133}),
        )],
        "api_video" => vec![
            Planned::json(201, &json!({"videoId": "long-1"})),
            Planned::json(200, &json!({"token": "to-1"})),
        ],
        other => panic!("{other}"),
    }
}

/// What the provider says of a ready asset that lasts so many seconds; without a duration where there is none.
fn ready_answer(provider: &str, seconds: Option<u32>) -> Planned {
    let body = match provider {
        "cloudflare_stream" => json!({"success": true, "result": {
            "uid": "long-1", "requireSignedURLs": false, "duration": seconds.map_or(-1, i64::from),
            "status": {"state": "ready"}, "input": {"width": 1920, "height": 1080}, "playback": {},
        }}),
        "bunny_stream" => json!({
            "videoLibraryId": 133, "guid": "long-1", "status": 4, "length": seconds.unwrap_or(0),
            "width": 1920, "height": 1080,
        }),
        "api_video" => json!({
            "ingest": {"status": "ingested"},
            "encoding": {"playable": true, "qualities": [], "metadata": {"duration": seconds, "width": 1920, "height": 1080}},
        }),
        other => panic!("{other}"),
    };
    Planned::json(200, &body)
}

on_both! {
    async fn a_video_longer_than_allowed_never_plays_and_goes_at_its_provider_by_every_protocol(db: Db) {
        for (provider, protocol) in [
            ("cloudflare_stream", "tus_existing"),
            ("bunny_stream", "tus_create"),
            ("api_video", "post_form_content_range"),
        ] {
            let app = ten_seconds_at(db, provider).await;
            for answer in first_answers(provider) {
                app.mux.plan(answer);
            }
            let body = json!({"file_size": 1000});
            let begun = begin(&app, &app.alice(), &body).await.expect(201);
            assert_eq!(begun["upload"]["protocol"], protocol);
            let video = begun["video"].clone();
            // Ready without a duration: it waits, and is asked again.
            app.clock.advance(chrono::Duration::minutes(3));
            app.mux.plan(ready_answer(provider, None));
            app.reconcile().await;
            assert_eq!(app.video(&video["id"]).await["status"], "preparing", "{provider}");
            plays_nothing(&app, &video).await;
            app.clock.advance(chrono::Duration::hours(7));
            app.mux.plan(ready_answer(provider, Some(12)));
            app.mux.plan(match provider {
                "api_video" => Planned::text(204, ""),
                _ => Planned::json(200, &json!({"success": true})),
            });
            app.reconcile().await;
            let shown = app.video(&video["id"]).await;
            assert_eq!((&shown["status"], &shown["error"]["code"]), (&json!("errored"), &json!("too_long")), "{provider}");
            plays_nothing(&app, &video).await;
            let deleted = app.mux.asked("DELETE");
            assert_eq!(deleted.len(), 1, "{provider}: {deleted:?}");
            assert!(deleted[0].ends_with("long-1"), "{provider}: {deleted:?}");
            // It stays, with its reason, until its owner deletes it; the provider is not asked again.
            app.clock.advance(chrono::Duration::days(2));
            app.reconcile().await;
            assert_eq!(app.mux.asked("DELETE").len(), 1, "{provider}");
            assert_eq!(app.video(&video["id"]).await["error"]["code"], "too_long");
        }
    }
}

on_both! {
    async fn at_mux_too_the_first_event_that_tells_the_duration_decides(db: Db) {
        let app = TestApp::with(db, &[("VIDEO_UPLOADS__MAX_DURATION_S", "20")]).await;
        let video = app.upload().await;
        let ids = Ids::of(&video);
        let events = ids.usual("signed", app.clock.now());
        // In the worst order: ready comes first.
        for event in events.iter().rev() {
            app.event(event).await.expect(200);
            app.settle().await;
            plays_nothing(&app, &video).await;
        }
        app.reconcile().await;
        assert_eq!(app.mux.asked("DELETE"), [format!("/video/v1/assets/{}", ids.asset)]);
        // Mux tells of the deletion: the reason stays.
        let gone = ids.asset_event("deleted", "ready", "signed", app.clock.now());
        app.event(&gone).await.expect(200);
        app.settle().await;
        let shown = app.video(&video["id"]).await;
        assert_eq!((&shown["status"], &shown["error"]["code"]), (&json!("errored"), &json!("too_long")));
        // A limit is of its upload: the setting of another day changes nothing of it.
        let path = format!("/v1/videos/{}", ids.video);
        app.send(Method::DELETE, &path, Some(&app.alice()), None).await.expect(202);
        app.reconcile().await;
        app.get(&app.alice(), &path).await.expect_problem(404, "not_found");
    }
}

on_both! {
    async fn a_limit_reaches_the_provider_where_its_map_has_a_place(db: Db) {
        let app = ten_seconds_at(db, "cloudflare_stream").await;
        for answer in first_answers("cloudflare_stream") {
            app.mux.plan(answer);
        }
        let short = token_with(&app, "alice", &json!({"upload": {"max_duration_s": 7}}));
        let body = json!({"file_size": 1000, "playback_policy": "public"});
        begin(&app, &short, &body).await.expect(201);
        let request = app.mux.requests().pop().unwrap();
        let metadata = request.headers["upload-metadata"].to_str().unwrap();
        // base64 of 7
        assert!(metadata.contains("maxDurationSeconds Nw=="), "{metadata}");
        let above = json!({"file_size": 30_000_000_001_u64, "playback_policy": "public"});
        let refused = refusals(&begin(&app, &short, &above).await);
        assert!(refused[0].1.contains("of provider \"cloudflare_stream\""), "{refused:?}");
    }
}
