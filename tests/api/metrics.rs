//! What operators measure, as a collector reads it after real requests.

#![expect(clippy::float_cmp, reason = "what is counted is whole")]

use chrono::Duration;
use http::Method;
use serde_json::json;

use crate::support::fake_mux::Planned;
use crate::support::mux_events::Ids;
use crate::support::receiver::Receiver;
use crate::support::{Db, TestApp, answer};

const LISTEN: (&str, &str) = ("VIDEO_HTTP__METRICS_LISTEN", "127.0.0.1:0");

on_both! {
    async fn requests_are_counted_by_route_and_never_by_path(db: Db) {
        let app = TestApp::with(db, &[LISTEN]).await;
        let video = app.upload().await;
        let id = video["id"].as_str().unwrap();
        app.video(&video["id"]).await;
        app.get(&app.alice(), "/v1/videos/0199aaaa-0000-7000-8000-000000000000").await.expect(404);
        app.get("nobody", "/v1/videos").await.expect(401);
        let metrics = app.metrics().await;
        let count = |route, method, status| {
            metrics.get(&format!(
                "http_requests_total{{method=\"{method}\",route=\"{route}\",status=\"{status}\"}}"
            ))
        };
        assert_eq!(count("/v1/uploads", "POST", 201), 1.0);
        assert_eq!(count("/v1/videos/{id}", "GET", 200), 1.0);
        assert_eq!(count("/v1/videos/{id}", "GET", 404), 1.0);
        assert_eq!(count("/v1/videos", "GET", 401), 1.0);
        let took = "http_request_duration_seconds";
        assert_eq!(metrics.get(&format!("{took}_count{{method=\"GET\",route=\"/v1/videos/{{id}}\"}}")), 2.0);
        assert_eq!(
            metrics.get(&format!("{took}_bucket{{method=\"GET\",route=\"/v1/videos/{{id}}\",le=\"+Inf\"}}")),
            2.0
        );
        assert!(metrics.get(&format!("{took}_sum{{method=\"GET\",route=\"/v1/videos/{{id}}\"}}")) > 0.0);
        assert!(!metrics.series().iter().any(|series| series.contains(id)));
        assert_eq!(metrics.get("uploads_total{provider=\"mux\",result=\"begun\"}"), 1.0);
        assert_eq!(metrics.get(concat!("build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"}")), 1.0);
        assert!(metrics.get("process_resident_memory_bytes") > 1e6);
        assert_eq!(metrics.get("process_start_time_seconds"), 1_780_000_000.0);
        let pool = if db == Db::Sqlite { "writer" } else { "all" };
        assert!(metrics.get(&format!("database_connections_max{{pool=\"{pool}\"}}")) >= 1.0);
        assert!(metrics.has(&format!("database_connections{{pool=\"{pool}\",state=\"in_use\"}}")));
    }
}

on_both! {
    async fn a_scan_of_random_paths_and_methods_adds_no_series(db: Db) {
        let app = TestApp::with(db, &[LISTEN]).await;
        let scan = async |round: u32| {
            for step in 0..20 {
                let odd = Method::from_bytes(format!("M{round}{step}").as_bytes()).unwrap();
                app.send(Method::GET, &format!("/wp-{round}-{step}.php"), None, None).await.expect(404);
                app.send(odd, &format!("/v1/{round}/{step}"), None, None).await.expect(404);
                app.send(Method::GET, &format!("/v1/videos/{round}{step}"), None, None).await;
                app.send(Method::POST, &format!("/v1/webhooks/p{round}{step}"), None, None).await.expect(404);
                let mut event = json!({"type": format!("made.up.{round}.{step}"), "data": {}});
                event["id"] = json!(format!("event-{round}-{step}"));
                app.event(&event).await.expect(200);
            }
            app.settle().await;
        };
        scan(1).await;
        let first = app.metrics().await;
        scan(2).await;
        let second = app.metrics().await;
        assert_eq!(first.series(), second.series());
        let none = "http_requests_total{method=\"GET\",route=\"none\",status=\"404\"}";
        assert_eq!((first.get(none), second.get(none)), (20.0, 40.0));
        let other = "webhook_events_total{provider=\"mux\",result=\"ignored\",type=\"other\"}";
        assert_eq!((first.get(other), second.get(other)), (20.0, 40.0));
    }
}

on_both! {
    async fn webhooks_are_counted_by_type_and_by_what_came_of_them(db: Db) {
        let app = TestApp::with(db, &[LISTEN]).await;
        let video = app.upload().await;
        let ids = Ids::of(&video);
        let ready = ids.asset_event("ready", "ready", "signed", app.clock.now());
        app.event(&ready).await.expect(200);
        app.event(&ready).await.expect(200);
        app.webhook(&[("mux-signature", "t=1,v1=00")], "{}").await.expect(401);
        // Without our id and before its upload is known: it waits.
        let late = app.upload().await;
        let mut late = Ids::of(&late);
        let ours = std::mem::take(&mut late.video);
        let mut overtook = late.asset_event("ready", "ready", "signed", app.clock.now());
        overtook["data"].as_object_mut().unwrap().retain(|name, _| name != "upload_id" && name != "passthrough");
        app.event(&overtook).await.expect(200);
        app.settle().await;
        app.clock.advance(Duration::milliseconds(700));
        late.video = ours;
        app.event(&late.upload_event("asset_created", "asset_created", app.clock.now())).await.expect(200);
        app.settle().await;
        let metrics = app.metrics().await;
        let came = |kind, result| {
            metrics.get(&format!(
                "webhook_events_total{{provider=\"mux\",result=\"{result}\",type=\"{kind}\"}}"
            ))
        };
        assert_eq!(came("video.asset.ready", "accepted"), 2.0);
        assert_eq!(came("video.asset.ready", "duplicate"), 1.0);
        assert_eq!(came("unverified", "refused"), 1.0);
        let applied = |result| {
            metrics.get(&format!(
                "webhook_applied_total{{provider=\"mux\",result=\"{result}\",type=\"video.asset.ready\"}}"
            ))
        };
        assert_eq!((applied("applied"), applied("parked")), (2.0, 1.0));
        let lag = |le| metrics.get(&format!("webhook_apply_lag_seconds_bucket{{provider=\"mux\",le=\"{le}\"}}"));
        assert_eq!((lag("0.01"), lag("0.5"), lag("1")), (2.0, 2.0, 3.0));
        assert_eq!(metrics.get("videos_ended_total{provider=\"mux\",status=\"ready\"}"), 2.0);
    }
}

on_both! {
    async fn the_inbox_shows_its_depth_and_its_oldest_and_asks_the_database_every_five_seconds(db: Db) {
        let app = TestApp::with(db, &[LISTEN]).await;
        let events = |metrics: &crate::support::metrics::Metrics, state: &str| {
            let of = |what: &str| metrics.get(&format!("inbox_{what}{{state=\"{state}\"}}"));
            (of("events"), of("oldest_seconds"))
        };
        assert_eq!(events(&app.metrics().await, "pending"), (0.0, 0.0));
        let unknown = Ids {
            video: "0199aaaa-0000-7000-8000-000000000000".into(),
            upload: "elsewhere".into(),
            asset: "a".into(),
            playback: "p".into(),
        };
        app.event(&unknown.upload_event("created", "waiting", app.clock.now())).await.expect(200);
        app.settle().await;
        app.clock.advance(Duration::seconds(3));
        let another = Ids { upload: "another".into(), ..unknown };
        app.event(&another.upload_event("created", "waiting", app.clock.now())).await.expect(200);
        assert_eq!(events(&app.metrics().await, "pending"), (0.0, 0.0), "asked again too soon");
        app.clock.advance(Duration::seconds(4));
        let metrics = app.metrics().await;
        assert_eq!(events(&metrics, "pending"), (1.0, 4.0));
        assert_eq!(events(&metrics, "parked"), (1.0, 7.0));
        assert_eq!(events(&metrics, "failed"), (0.0, 0.0));
    }
}

on_both! {
    async fn provider_calls_tokens_and_the_reconciler_are_counted(db: Db) {
        let app = TestApp::with(db, &[LISTEN]).await;
        let ready = app.ready_video("signed").await;
        let path = format!("/v1/videos/{}/playback", ready["id"].as_str().unwrap());
        app.get(&app.alice(), &path).await.expect(200);
        let once = app.metrics().await;
        app.get(&app.alice(), &path).await.expect(200);
        let metrics = app.metrics().await;
        let tokens = |metrics: &crate::support::metrics::Metrics, source: &str| {
            metrics.get(&format!("tokens_total{{provider=\"mux\",source=\"{source}\"}}"))
        };
        assert!(tokens(&once, "signed") > 0.0);
        assert_eq!(tokens(&metrics, "signed"), tokens(&once, "signed"));
        assert_eq!(tokens(&metrics, "cached"), tokens(&once, "signed"));
        app.mux.plan(Planned::text(500, ""));
        let refused = json!({"playback_policy": "signed"});
        app.post(&app.alice(), "/v1/uploads", &refused).await.expect(502);
        let waiting = app.upload().await;
        app.clock.advance(Duration::hours(3));
        app.reconcile().await;
        let metrics = app.metrics().await;
        let calls = |action: &str, result: &str| {
            metrics.get(&format!(
                "provider_calls_total{{action=\"{action}\",provider=\"mux\",result=\"{result}\"}}"
            ))
        };
        assert_eq!(calls("upload.steps.1", "ok"), 2.0);
        assert_eq!(calls("upload.steps.1", "outage"), 1.0);
        assert_eq!(calls("upload.get", "ok"), 1.0);
        let took = "provider_call_duration_seconds_count{action=\"upload.steps.1\",provider=\"mux\"}";
        assert_eq!(metrics.get(took), 3.0);
        assert_eq!(metrics.get("uploads_total{provider=\"mux\",result=\"unavailable\"}"), 1.0);
        assert_eq!(metrics.get("videos_ended_total{provider=\"mux\",status=\"errored\"}"), 1.0);
        assert_eq!(metrics.get("videos_ended_total{provider=\"mux\",status=\"expired\"}"), 1.0);
        assert!(metrics.get("reconciler_looks_total{provider=\"mux\",result=\"changed\"}") >= 1.0);
        assert_eq!(metrics.get("reconciler_halted{provider=\"mux\"}"), 0.0);
        assert_eq!(app.video(&waiting["id"]).await["status"], "expired");
    }
}

on_both! {
    async fn the_outbox_and_the_streams_are_measured(db: Db) {
        let receiver = Receiver::start().await;
        let mut settings = receiver.settings();
        settings.push(LISTEN);
        let app = TestApp::with(db, &settings).await;
        let ready = app.ready_video("signed").await;
        app.clock.advance(Duration::seconds(9));
        let metrics = app.metrics().await;
        let waiting = metrics.get("outbox_events{state=\"pending\"}");
        assert!(waiting >= 1.0);
        assert_eq!(metrics.get("outbox_oldest_seconds{state=\"pending\"}"), 9.0);
        assert_eq!(metrics.get("event_streams"), 0.0);
        for kind in ["webhooks", "reads", "changes"] {
            let crowd = |what| metrics.get(&format!("http_admission{{kind=\"{kind}\",what=\"{what}\"}}"));
            assert_eq!((crowd("under_way"), crowd("waiting")), (0.0, 0.0), "{kind}");
            assert!(crowd("places") >= 4.0, "{kind}");
        }
        yourbit_video::jobs::outbox::send_due_events(&app.state).await.unwrap();
        let path = format!("{}/v1/videos/{}/events?follow=1", app.url, ready["id"].as_str().unwrap());
        let stream = app.client.get(path).bearer_auth(app.alice()).send().await.unwrap();
        app.clock.advance(Duration::seconds(6));
        let metrics = app.metrics().await;
        assert_eq!(metrics.get("outbox_deliveries_total{result=\"delivered\"}"), waiting);
        assert_eq!(metrics.get("outbox_events{state=\"pending\"}"), 0.0);
        assert_eq!(metrics.get("event_streams"), 1.0);
        drop(stream);
    }
}

on_both! {
    async fn metrics_have_a_listener_of_their_own_and_none_beside_it(db: Db) {
        let app = TestApp::with(db, &[LISTEN]).await;
        app.get(&app.alice(), "/metrics").await.expect_problem(404, "not_found");
        let metrics = app.metrics().await;
        assert!(metrics.has("inbox_events{state=\"pending\"}"));
        let elsewhere = app.metrics_url("/v1/videos");
        answer(app.client.get(elsewhere)).await.expect_problem(404, "not_found");
        answer(app.client.post(app.metrics_url("/metrics"))).await.expect_problem(405, "method_not_allowed");
    }
}

on_both! {
    async fn without_a_database_everything_else_is_still_told(db: Db) {
        let app = TestApp::with(db, &[LISTEN]).await;
        assert!(app.metrics().await.has("inbox_events{state=\"pending\"}"));
        app.state.store.close().await;
        app.clock.advance(Duration::seconds(10));
        let metrics = app.metrics().await;
        assert!(!metrics.has("inbox_events{state=\"pending\"}"), "an old figure is told as if it were new");
        assert!(metrics.has("process_resident_memory_bytes"));
    }
}

#[tokio::test]
async fn in_development_metrics_are_on_the_main_address() {
    let app = TestApp::with(Db::Sqlite, &[("VIDEO_AUTH__JWT_SECRET", "")]).await;
    let answer = answer(app.client.get(format!("{}/metrics", app.url))).await;
    assert_eq!(answer.status, 200);
    assert!(
        answer.text.contains("yourbit_video_build_info"),
        "{}",
        answer.text
    );
    let rebound = app
        .client
        .get(format!("{}/metrics", app.url))
        .header("host", "evil.example");
    crate::support::answer(rebound)
        .await
        .expect_problem(403, "forbidden");
}
