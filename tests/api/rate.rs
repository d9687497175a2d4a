//! The provider's rate: callers wait their turn, or are told when to come again.

use std::time::{Duration, Instant};

use futures::future::join_all;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::fake_mux::Planned;
use crate::support::{Answer, Db, TestApp};

/// The shipped map with these keys in `[api]`.
fn map(api: &str) -> String {
    let map = include_str!("../../config/providers/mux.toml");
    let rate = map.lines().find(|line| line.starts_with("rate = ")).unwrap();
    map.replacen(rate, api, 1)
}

/// The same, whose signed addresses are asked of the provider for each answer.
fn fetching(api: &str) -> String {
    let map = map(api);
    let (head, rest) = map.split_once("[playback.sign]").unwrap();
    let (_, urls) = rest.split_once("[playback.urls]").unwrap();
    let (urls, _) = urls.split_once("[thumbnail]").unwrap();
    let sign = "[playback.sign]\nkind = \"fetch\"\nsingle_use = true\nttl_s = 86400\n[[playback.sign.steps]]\n\
                method = \"PUT\"\nurl = \"{vars.api}/session/{playback_id}\"\ntake = { tok = \"/token\" }\n";
    let hls = urls.lines().find(|line| line.starts_with("hls = ")).unwrap();
    let hls = hls.replace("{token.playback}", "{tok}");
    format!("{head}{sign}[playback.urls]\n{hls}\n")
}

async fn with_map(db: Db, map: &str) -> (TestApp, TempDir) {
    let maps = TempDir::new().unwrap();
    std::fs::write(maps.path().join("mux.toml"), map).unwrap();
    let more = [
        ("VIDEO_PROVIDERS__DIR", maps.path().to_str().unwrap()),
        ("VIDEO_UPLOADS__PER_OWNER_PER_MIN", "0"),
        ("VIDEO_HTTP__METRICS_LISTEN", "127.0.0.1:0"),
    ];
    (TestApp::with(db, &more).await, maps)
}

async fn upload_as(app: &TestApp, owner: &str) -> Answer {
    app.post(&app.token(owner, ""), "/v1/uploads", &json!({})).await
}

fn retry_after(answer: &Answer) -> u64 {
    answer.headers["retry-after"].to_str().unwrap().parse().unwrap()
}

on_both! {
    async fn a_crowd_of_uploads_is_taken_in_turn_and_the_rest_told_when_to_come_again(db: Db) {
        let rate = "rate = [ { methods = [\"POST\"], per_s = 4, burst = 5 } ]\nwait_s = 2";
        let (app, _maps) = with_map(db, &map(rate)).await;
        let begun = Instant::now();
        let answers = join_all((0..30).map(|_| upload_as(&app, "alice"))).await;
        assert!(begun.elapsed() < Duration::from_secs(10));
        let (taken, busy): (Vec<Answer>, Vec<Answer>) = answers.into_iter().partition(|answer| answer.status == 201);
        // Five at once, four in each of two seconds; the test's own slowness may cost some.
        assert!((9..=13).contains(&taken.len()), "{}", taken.len());
        let mut last = 0;
        for refused in &busy {
            let problem = refused.expect_problem(503, "provider_busy");
            assert!(problem["video_id"].is_null(), "{problem}");
            let wait = retry_after(refused);
            assert!((1..=6).contains(&wait), "{wait}");
            last = last.max(wait);
        }
        assert_eq!(app.mux.asked("POST").len(), taken.len(), "the provider was asked for no other");
        let videos = app.get(&app.alice(), "/v1/videos?limit=100").await.expect(200);
        assert_eq!(videos["data"].as_array().unwrap().len(), taken.len(), "the refused leave no row");
        let metrics = app.metrics().await;
        let throttled = "provider_calls_total{action=\"upload.steps.1\",provider=\"mux\",result=\"throttled\"}";
        let count = format!("{}", metrics.get(throttled));
        assert_eq!(count, busy.len().to_string());
        let waiting = "provider_turns_waiting{kind=\"request\",provider=\"mux\"}";
        assert!(metrics.has(waiting) && metrics.get(waiting) < 0.5);
        assert!(metrics.get("provider_turn_wait_seconds_sum{kind=\"request\",provider=\"mux\"}") > 10.0);
        // Who comes again as it was told is taken.
        tokio::time::sleep(Duration::from_secs(last)).await;
        upload_as(&app, "alice").await.expect(201);
    }
}

on_both! {
    async fn callers_take_turns_however_many_calls_one_of_them_makes(db: Db) {
        let rate = "rate = [ { methods = [\"POST\"], per_s = 5, burst = 1 } ]\nwait_s = 3";
        let (app, _maps) = with_map(db, &map(rate)).await;
        let greedy = (0..40).map(|_| upload_as(&app, "greedy"));
        let ordinary = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            let begun = Instant::now();
            upload_as(&app, "ordinary").await.expect(201);
            begun.elapsed()
        };
        let (_greedy, waited) = tokio::join!(join_all(greedy), ordinary);
        assert!(waited < Duration::from_millis(1500), "{waited:?}: two turns are 0.4 s");
    }
}

on_both! {
    async fn a_key_whose_upload_had_no_turn_is_free_again(db: Db) {
        let rate = "rate = [ { methods = [\"POST\"], per_s = 0.5, burst = 1 } ]\nwait_s = 0.2";
        let (app, _maps) = with_map(db, &map(rate)).await;
        let keyed = async || {
            let request = app.client.post(format!("{}/v1/uploads", app.url)).bearer_auth(app.alice());
            crate::support::answer(request.header("idempotency-key", "k").json(&json!({"title": "One"}))).await
        };
        upload_as(&app, "alice").await.expect(201);
        let busy = keyed().await;
        busy.expect_problem(503, "provider_busy");
        assert_eq!(retry_after(&busy), 2);
        tokio::time::sleep(Duration::from_secs(2)).await;
        keyed().await.expect(201);
    }
}

on_both! {
    async fn a_page_of_fetched_playbacks_has_a_problem_for_each_that_finds_no_turn(db: Db) {
        let rate = "rate = [ { methods = [\"PUT\"], per_s = 1, burst = 2 } ]\nwait_s = 1";
        let (app, _maps) = with_map(db, &fetching(rate)).await;
        let mut videos = Vec::new();
        for _ in 0..8 {
            videos.push(app.ready_video("signed").await);
        }
        let other = app.ready_video("public").await;
        for _ in 0..8 {
            app.mux.plan(Planned::json(200, &json!({"token": "t"})));
        }
        let ids: Vec<&Value> = videos.iter().chain([&other]).map(|video| &video["id"]).collect();
        let begun = Instant::now();
        let page = app.post(&app.alice(), "/v1/playback", &json!({"ids": ids})).await.expect(200);
        assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
        let entries = page["data"].as_array().unwrap();
        let plays = |entry: &&Value| entry["urls"]["hls"].is_string();
        let (played, refused): (Vec<&Value>, Vec<&Value>) = entries.iter().partition(plays);
        let fetched = app.mux.asked("PUT").len();
        assert!((2..=4).contains(&fetched), "{fetched} calls in 1 s at 1/s with a burst of 2");
        assert!(entries[8]["urls"]["hls"].is_string(), "what needs no call is held up by none");
        assert_eq!(played.len(), fetched + 1);
        for entry in refused {
            assert_eq!(entry["problem"]["code"], "provider_busy", "{entry}");
            assert_eq!(entry["problem"]["status"], 503);
        }
    }
}

on_both! {
    async fn a_429_pauses_every_replica_and_nobody_is_told_that_the_provider_is_away(db: Db) {
        let (app, _maps) = with_map(db, &map("rate = [ { per_s = 50, burst = 50 } ]\nwait_s = 1")).await;
        let other = app.replica().await;
        upload_as(&other, "bob").await.expect(201);
        app.mux.plan(Planned::text(429, "slow down").header("retry-after", "4"));
        // The provider's own word on this one call.
        let refused = upload_as(&app, "alice").await;
        refused.expect_problem(502, "provider_unavailable");
        let asked = app.mux.requests().len();
        for app in [&app, &other] {
            let busy = upload_as(app, "alice").await;
            busy.expect_problem(503, "provider_busy");
            assert!((3..=4).contains(&retry_after(&busy)), "{}", retry_after(&busy));
        }
        assert_eq!(app.mux.requests().len(), asked, "nobody called meanwhile");
        tokio::time::sleep(Duration::from_secs(4)).await;
        upload_as(&other, "alice").await.expect(201);
    }
}

on_both! {
    async fn a_pause_is_shared_where_the_map_has_no_rate(db: Db) {
        let (app, _maps) = with_map(db, &map("wait_s = 1")).await;
        let other = app.replica().await;
        app.mux.plan(Planned::text(429, "slow down").header("retry-after", "5"));
        upload_as(&app, "alice").await.expect_problem(502, "provider_unavailable");
        let asked = app.mux.requests().len();
        for app in [&app, &other] {
            upload_as(app, "alice").await.expect_problem(503, "provider_busy");
        }
        assert_eq!(app.mux.requests().len(), asked);
    }
}

on_both! {
    async fn a_provider_without_room_or_with_a_smaller_limit_is_told_as_such(db: Db) {
        let (app, _maps) = with_map(db, &map("no_room = [507]\ntoo_large = [413]")).await;
        let full = json!({"error": {"messages": ["Not enough free disk space"]}});
        app.mux.plan(Planned::json(507, &full).header("retry-after", "60"));
        let refused = upload_as(&app, "alice").await;
        let problem = refused.expect_problem(507, "no_room");
        assert_eq!(problem["detail"], "Not enough free disk space");
        assert_eq!(retry_after(&refused), 60);
        app.mux.plan(Planned::text(507, ""));
        let problem = upload_as(&app, "alice").await.expect_problem(507, "no_room");
        assert_eq!(problem["detail"], "The video provider has no room for another file.");
        app.mux.plan(Planned::text(413, ""));
        let problem = upload_as(&app, "alice").await.expect_problem(413, "payload_too_large");
        assert!(problem["detail"].as_str().unwrap().contains("video provider"), "{problem}");
        let id = problem["video_id"].as_str().unwrap();
        let video = app.get(&app.alice(), &format!("/v1/videos/{id}")).await.expect(200);
        assert_eq!((&video["status"], &video["error"]["code"]), (&json!("errored"), &json!("too_large")));
    }
}

on_both! {
    async fn who_waits_for_a_turn_waits_no_longer_than_the_request_may_take(db: Db) {
        let maps = TempDir::new().unwrap();
        let rate = "rate = [ { methods = [\"POST\"], per_s = 0.2, burst = 1 } ]\nwait_s = 30";
        std::fs::write(maps.path().join("mux.toml"), map(rate)).unwrap();
        let more = [
            ("VIDEO_PROVIDERS__DIR", maps.path().to_str().unwrap()),
            ("VIDEO_HTTP__REQUEST_TIMEOUT_S", "3"),
        ];
        let app = TestApp::with(db, &more).await;
        upload_as(&app, "alice").await.expect(201);
        let begun = Instant::now();
        let (first, second) = tokio::join!(upload_as(&app, "alice"), upload_as(&app, "alice"));
        for busy in [first, second] {
            busy.expect_problem(503, "provider_busy");
        }
        assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    }
}
